// What is typed is kept while it is typed, and nobody leaves a page with something unsent by mistake.

const PAUSE = 1200;
const token = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRF-Token"];

// The forms that are on their way, so that leaving loses nothing.
const sent = new WeakSet();
// On the window: the last to hear of it, after whoever asks whether it is meant.
window.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) sent.add(event.target);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) sent.delete(form);
});

function watch(form) {
  const said = form.querySelector("[data-autosaved]");
  const content = () => JSON.stringify([...new FormData(form)]);
  const state = { timer: 0, saved: content() };

  const save = async () => {
    const now = content();
    if (now === state.saved || sent.has(form)) return;
    const fields = new URLSearchParams([...new FormData(form)]);
    fields.set("_address", form.dataset.autosave);
    const answer = await fetch("/account/draft", {
      method: "POST",
      body: fields,
      headers: { "X-CSRF-Token": token() },
      keepalive: fields.toString().length < 60000,
    }).catch(() => null);
    if (!answer?.ok) return;
    state.saved = now;
    if (said) said.textContent = form.dataset.saved;
  };
  const soon = () => {
    clearTimeout(state.timer);
    state.timer = setTimeout(save, PAUSE);
    if (said) said.textContent = "";
  };

  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  // Lines that are added, moved or removed by a button.
  new MutationObserver(soon).observe(form.querySelector("tbody") ?? form, { childList: true });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save();
  });
  return () => !sent.has(form) && content() !== state.saved;
}

// Forms that are not saved as they are typed: leaving asks first. Those that only search or press a button do not count.
function guard(form) {
  const before = JSON.stringify([...new FormData(form)]);
  return () => !sent.has(form) && JSON.stringify([...new FormData(form)]) !== before;
}

const unsent = [];
for (const form of document.querySelectorAll("main form.form[method=post]")) {
  unsent.push("autosave" in form.dataset ? watch(form) : guard(form));
}
window.addEventListener("beforeunload", (event) => {
  if (unsent.some((is) => is())) event.preventDefault();
});
