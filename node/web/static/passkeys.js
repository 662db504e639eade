// Passkeys: a form's options go to the browser, and what the browser brings goes into the form.
//   <form data-passkey="create|get" data-options="…"> with a hidden input `credential`, a button[data-passkey-go],
//   and an element [data-passkey-failed] for what went wrong. Without a script, or without passkeys, it stays hidden.
"use strict";

function fromText(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
}

function toText(buffer) {
  const chars = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(chars).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function readOptions(text) {
  const options = JSON.parse(text);
  options.challenge = fromText(options.challenge);
  if (options.user) options.user.id = fromText(options.user.id);
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    options[list] = (options[list] || []).map((one) => ({ ...one, id: fromText(one.id) }));
  }
  return options;
}

function writeCredential(made) {
  const response = { clientDataJSON: toText(made.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = toText(made.response[name]);
  }
  if (made.response.getTransports) response.transports = made.response.getTransports();
  return JSON.stringify({
    id: made.id, rawId: toText(made.rawId), type: made.type, response, clientExtensionResults: {},
  });
}

async function go(form) {
  const failed = form.querySelector("[data-passkey-failed]");
  failed.hidden = true;
  if (!form.reportValidity()) return;
  const publicKey = readOptions(form.dataset.options);
  try {
    const made = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    form.elements.credential.value = writeCredential(made);
    form.submit();
  } catch (error) {
    failed.hidden = false;
    failed.focus();
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  for (const other of document.querySelectorAll("[data-without-passkeys]")) other.hidden = true;
  form.querySelector("[data-passkey-go]").addEventListener("click", () => go(form));
}
