// Before anything is painted: the colours that were chosen here, if any were.
(() => {
  const chosen = (() => { try { return localStorage.getItem("deploytrail-colours"); } catch { return null; } })();
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
