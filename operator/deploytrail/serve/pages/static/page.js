// What a page does besides being read: it stays up to date, knows the keyboard, and remembers its colours.
(() => {
  const root = document.documentElement;
  const page = () => document.getElementById("page");
  root.dataset.ready = "";

  // ---- Colours
  const COLOURS = [
    ["", "as the system", "M8 2.2A5.8 5.8 0 1 0 8 13.8zM8 2.2a5.8 5.8 0 0 1 0 11.6"],
    ["light", "light", "M8 5a3 3 0 1 0 .01 0M8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3.05 3.05l1 1M11.95 11.95l1 1M3.05 12.95l1-1M11.95 4.05l1-1"],
    ["dark", "dark", "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z"],
  ];
  const shown = () => COLOURS.findIndex(([name]) => name === (root.dataset.theme ?? ""));
  const paint = () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const [name, words, path] = COLOURS[shown()];
    const space = "http://www.w3.org/2000/svg";
    const icon = document.createElementNS(space, "svg");
    const line = document.createElementNS(space, "path");
    for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", "aria-hidden": "true", class: "icon" })) icon.setAttribute(key, value);
    for (const [key, value] of Object.entries({ d: path, class: name ? "ring" : "ring half" })) line.setAttribute(key, value);
    icon.append(line);
    button.replaceChildren(icon);
    button.setAttribute("aria-label", `Colours: ${words}`);
    button.title = `Colours: ${words} (c)`;
  };
  const nextColours = () => {
    const [name] = COLOURS[(shown() + 1) % COLOURS.length];
    if (name) root.dataset.theme = name;
    else delete root.dataset.theme;
    try { if (name) localStorage.setItem("deploytrail-colours", name); else localStorage.removeItem("deploytrail-colours"); } catch { /* not remembered */ }
    paint();
    document.dispatchEvent(new Event("deploytrail:colours"));
  };

  // ---- Staying up to date
  const STATES = { on: "Live", off: "Not live", late: "Not up to date" };
  const say = (state) => {
    const live = document.getElementById("live");
    if (!live || live.dataset.state === state) return;
    live.dataset.state = state;
    live.querySelector(".word").textContent = STATES[state];
  };
  const complain = (text) => {
    const stale = document.getElementById("stale");
    stale.textContent = text;
    stale.hidden = !text;
  };
  let refreshing = false, again = false;
  const refresh = async () => {
    if (refreshing) { again = true; return; }
    refreshing = true;
    do {
      again = false;
      await htmx.ajax("GET", location.pathname + location.search, { source: "#page", target: "#page", select: "#page", swap: "outerMorph", push: "false" }).catch(() => {});
    } while (again);
    refreshing = false;
  };
  // A page that cannot be had does not replace the one that is there.
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement !== page()) return;
    if (ctx.response.raw.redirected) {
      event.preventDefault();
      location.reload();
    } else if (ctx.response.status >= 400) {
      event.preventDefault();
      say("late");
      complain(ctx.response.status === 503 ? "The records cannot be reached just now. What you see is older; this page goes on trying." : "This page could not be brought up to date; it goes on trying.");
      setTimeout(refresh, 5000);
    } else {
      complain("");
      say(stream?.readyState === EventSource.OPEN ? "on" : "off");
    }
  });
  let stream;
  const listen = () => {
    const address = document.body.dataset.events;
    if (!address) return;
    stream = new EventSource(new URL(address, location.href));
    stream.addEventListener("open", () => say("on"));
    stream.addEventListener("changed", (event) => { if (event.data !== page().dataset.word) refresh(); });
    stream.addEventListener("ended", () => { stream.close(); say("off"); setTimeout(() => location.reload(), 500); });
    stream.addEventListener("error", () => {
      say("off");
      if (stream.readyState === EventSource.CLOSED) { setTimeout(() => { refresh(); listen(); }, 30000); }
    });
  };

  // ---- Ages go on between two events
  const UNITS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [5184000, 86400, "d"], [63072000, 2630016, "mo"]];
  const age = (seconds) => {
    if (seconds < 5) return "now";
    for (const [below, unit, name] of UNITS) if (seconds < below) return `${Math.floor(seconds / unit)} ${name}`;
    return `${Math.round(seconds / 31557600)} y`;
  };
  setInterval(() => {
    for (const each of document.querySelectorAll("time[data-age]")) {
      const text = age((Date.now() - Date.parse(each.dateTime)) / 1000);
      if (each.textContent !== text) each.textContent = text;
    }
  }, 10000);

  // ---- Filters apply as they are set
  let typing;
  const apply = (form) => form.isConnected && form.requestSubmit();
  document.addEventListener("change", (event) => { const form = event.target.closest?.("form[data-auto]"); if (form) { clearTimeout(typing); apply(form); } });
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-auto]");
    if (!form || event.target.type !== "search") return;
    clearTimeout(typing);
    typing = setTimeout(apply, 300, form);
  });
  // What is not asked for does not stand in the address.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("form[data-auto]")) return;
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });

  // ---- Keyboard and buttons
  const help = () => { const dialog = document.getElementById("shortcuts"); if (dialog && !dialog.open) dialog.showModal(); };
  const visit = (index) => document.querySelectorAll(".top nav a")[index]?.click();
  const KEYS = { e: () => visit(0), t: () => visit(1), d: () => visit(2), c: nextColours, "?": help, "/": () => document.querySelector("[data-first]")?.focus() };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#theme")) nextColours();
    if (event.target.closest("#keys")) help();
  });

  paint();
  listen();
  if (document.querySelector("[data-trouble]")) setTimeout(() => location.reload(), 10000);
})();
