/* The merged document and each service's own, in one Swagger UI that loads nothing from elsewhere. */
"use strict";

const SIGNED_OUT = 401;

async function start() {
  const answer = await fetch("/docs/documents.json");
  if ((await fetch("/v1/session")).status === SIGNED_OUT) {
    document.getElementById("sign-in").hidden = false;
    return;
  }
  window.ui = SwaggerUIBundle({
    urls: await answer.json(),
    dom_id: "#documents",
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    layout: "StandaloneLayout",
  });
}

start();
