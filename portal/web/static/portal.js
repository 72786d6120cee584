// What pages do beyond plain HTML. Everything works without it; no inline handlers, no state but two cookies.

const page = document.documentElement;
const YEAR = 365 * 24 * 3600;

function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR}; samesite=lax`;
}

// --- theme and menu --------------------------------------------------------------------------------------

function toggleTheme() {
  const theme = page.dataset.bsTheme === "dark" ? "light" : "dark";
  page.dataset.theme = theme;
  page.dataset.bsTheme = theme;
  remember("theme", theme);
}

function toggleSidebar(button) {
  const narrow = page.dataset.sidebar !== "narrow";
  page.dataset.sidebar = narrow ? "narrow" : "wide";
  button.setAttribute("aria-pressed", String(narrow));
  remember("sidebar", page.dataset.sidebar);
}

// --- forms -----------------------------------------------------------------------------------------------

// A second click while the first is under way does nothing; the server would answer it with the same result.
function submitOnce(event) {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.confirm && form.dataset.confirmed !== "yes") {
    event.preventDefault();
    confirmed(form, event.submitter);
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
}

function confirmed(form, submitter) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("#confirm-text").textContent = form.dataset.confirm;
  const yes = dialog.querySelector("[data-confirm-yes]");
  const danger = submitter?.classList.contains("btn-danger") ?? false;
  yes.classList.toggle("btn-danger", danger);
  yes.classList.toggle("btn-primary", !danger);
  if (submitter?.textContent.trim()) yes.textContent = submitter.textContent.trim();
  dialog.returnValue = "";
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue !== "yes") return submitter?.focus();
      form.dataset.confirmed = "yes";
      form.requestSubmit(submitter);
    },
    { once: true },
  );
  dialog.showModal();
}

// A page that comes back from the browser's history can be sent again.
function makeSendable() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    delete form.dataset.confirmed;
  }
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

function focusFirstError() {
  const wrong = document.querySelector("main [aria-invalid=true]") ?? document.querySelector("main [data-focus]");
  wrong?.focus();
}

// --- messages --------------------------------------------------------------------------------------------

function showToasts() {
  for (const toast of document.querySelectorAll("[data-toast]")) {
    const close = toast.querySelector("[data-toast-close]");
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
    if (["success", "info"].includes(toast.dataset.toast)) leaveAfter(toast, 6000);
  }
}

function leaveAfter(toast, milliseconds) {
  let timer = setTimeout(() => toast.remove(), milliseconds);
  const stay = () => clearTimeout(timer);
  const leave = () => {
    stay();
    timer = setTimeout(() => toast.remove(), milliseconds);
  };
  toast.addEventListener("pointerenter", stay);
  toast.addEventListener("focusin", stay);
  toast.addEventListener("pointerleave", leave);
  toast.addEventListener("focusout", leave);
}

// --- lists -----------------------------------------------------------------------------------------------

// The rows were fetched anew: the CSV link follows the filter. Empty filters are kept out of the address.
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("[data-list-form]")) return;
  const { parameters } = event.detail;
  for (const [name, value] of Object.entries(parameters)) if (value === "") delete parameters[name];
});

document.addEventListener("htmx:afterSwap", () => {
  const rows = document.getElementById("list-rows");
  const link = document.querySelector(".list-csv");
  if (rows && link) link.href = rows.dataset.csv;
});

// "/" leads to the search of the page, as in other tools.
function searchKey(event) {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.select();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) toggleTheme();
  const sidebar = event.target.closest("[data-sidebar-toggle]");
  if (sidebar) toggleSidebar(sidebar);
});
document.addEventListener("submit", submitOnce);
document.addEventListener("keydown", searchKey);
window.addEventListener("pageshow", makeSendable);
document
  .querySelector("[data-sidebar-toggle]")
  ?.setAttribute("aria-pressed", String(page.dataset.sidebar === "narrow"));
showToasts();
focusFirstError();
