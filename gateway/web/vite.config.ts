import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const SWAGGER = ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js"];

/** Puts the parts of swagger-ui that the gateway's own /docs page uses beside the page: no internet is needed. */
function offlineDocs(): Plugin {
  return {
    name: "offline-docs",
    apply: "build",
    generateBundle() {
      const folder = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
      for (const name of SWAGGER) {
        this.emitFile({ type: "asset", fileName: `docs/${name}`, source: readFileSync(join(folder, name)) });
      }
    },
  };
}

/** Packs every file of text once, here; the gateway sends `name.br` or `name.gz` in its place to whoever takes that.
 * It reads what was written: what the hooks before are shown is not the last of it. */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        const path = join(dir ?? "dist", name);
        if (!/\.(js|css|svg|html)$/.test(name)) continue;
        const bytes = readFileSync(path);
        if (bytes.length < LEAST_TO_PACK) continue;
        // The best that brotli can do takes half a minute for the documents' scripts, and saves a twentieth there.
        const quality = bytes.length > 150_000 ? 9 : constants.BROTLI_MAX_QUALITY;
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

const LEAST_TO_PACK = 512; // bytes: under that the headers are larger than what is saved
const GATEWAY = process.env["DARKROOM_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [offlineDocs(), packed()],
  build: {
    target: "es2022",
    // The page's Content-Security-Policy allows scripts, styles and pictures from files of its own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  // `npx vite` while working on the page: everything else comes from a stack that runs.
  server: {
    proxy: {
      "/api": GATEWAY,
      "/v1": GATEWAY,
      "/docs": GATEWAY,
      "/ws": { target: GATEWAY, ws: true },
    },
  },
});
