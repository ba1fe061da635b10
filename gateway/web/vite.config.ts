import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
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

const GATEWAY = process.env["DARKROOM_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [offlineDocs()],
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
