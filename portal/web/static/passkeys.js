// Passkeys: a form with data-passkey ("create" or "get") and data-options asks the browser for one when it is sent,
// puts what the browser says into its field `credential`, and goes on.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function made(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: known(options.excludeCredentials),
  };
  const credential = await navigator.credentials.create({ publicKey });
  return said(credential, { attestationObject: text(credential.response.attestationObject) });
}

async function used(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: known(options.allowCredentials),
  };
  const credential = await navigator.credentials.get({ publicKey });
  const { authenticatorData, signature, userHandle } = credential.response;
  return said(credential, {
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
}

function said(credential, response) {
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
    clientExtensionResults: {},
  });
}

async function ask(form, submitter) {
  const error = form.querySelector("[data-passkey-error]");
  error.hidden = true;
  try {
    const options = JSON.parse(form.dataset.options);
    form.elements.credential.value = await (form.dataset.passkey === "create" ? made : used)(options);
  } catch {
    error.textContent = form.dataset.failed;
    error.hidden = false;
    return;
  }
  form.requestSubmit(submitter);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  // Before the guard against a second click, which stands on the document.
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    event.stopPropagation();
    ask(form, event.submitter);
  });
}
