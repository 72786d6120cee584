// Runs before the first paint: the theme and the width of the menu as the person left them.
(() => {
  const page = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = page.dataset.theme;
    page.dataset.bsTheme = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
  };
  apply();
  dark.addEventListener("change", apply);
  if (document.cookie.split("; ").includes("sidebar=narrow")) page.dataset.sidebar = "narrow";
  page.dataset.scripts = "on";
})();
