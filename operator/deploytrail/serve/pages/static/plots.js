// The figures over time. The numbers come with the page, in data-plot; the same stand below it as a table.
(() => {
  const DAY = 86400;
  const drawn = new Map();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const length = (seconds) => {
    for (const [unit, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) if (seconds >= unit) return `${+(seconds / unit).toPrecision(2)} ${name}`;
    return `${Math.round(seconds)} s`;
  };
  const WORDS = { rate: (value) => `${+value.toPrecision(2)} / d`, share: (value) => `${+(value * 100).toPrecision(2)} %`, time: length };
  const say = (kind, value) => (value == null ? "none" : WORDS[kind](value));
  const date = (seconds) => new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

  const draw = (box) => {
    const { kind, x, y } = JSON.parse(box.dataset.plot);
    drawn.get(box)?.destroy();
    if (!x.length || !box.clientWidth) return;
    const line = colour("accent"), soft = colour("soft"), grid = colour("line");
    const axis = { stroke: soft, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "11px Inter, sans-serif" };
    const step = x.length > 1 ? x[1] - x[0] : DAY;
    const bars = kind !== "time";
    const plot = new uPlot({
      width: box.clientWidth,
      height: 132,
      padding: [8, 6, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      legend: { show: false },
      cursor: { points: { size: 7 }, drag: { x: false, y: false }, y: false },
      scales: { x: { range: (_, low, high) => [low - step / 2, high + step / 2] }, y: { range: (_, low, high) => [0, (high || 1) * 1.12] } },
      axes: [
        { ...axis, grid: { show: false }, size: 24, space: 70, values: (_, ticks) => ticks.map(date) },
        { ...axis, size: 52, space: 34, values: (_, ticks) => ticks.map((value) => (value ? say(kind, value) : "0")) },
      ],
      series: [
        {},
        bars
          ? { stroke: line, fill: `${line}cc`, width: 0, paths: uPlot.paths.bars({ size: [0.7, 26], radius: 0.15 }), points: { show: false } }
          : { stroke: line, fill: `${line}22`, width: 2, spanGaps: true, points: { show: true, size: 5, fill: line, stroke: line } },
      ],
      hooks: { setCursor: [(at) => { tip(box, at.cursor.idx == null ? "" : `${date(x[at.cursor.idx])}: ${say(kind, y[at.cursor.idx])}`); }] },
    }, [x, y], box);
    drawn.set(box, plot);
    plot.root.setAttribute("role", "img");
    plot.root.setAttribute("aria-label", `${box.dataset.title} over time; the numbers are in the table below`);
    box.dataset.drawn = box.dataset.plot;
  };
  const tip = (box, text) => {
    let told = box.querySelector(".tip");
    if (!told) { told = document.createElement("span"); told.className = "tip"; told.setAttribute("aria-hidden", "true"); box.append(told); }
    told.textContent = text;
  };
  const drawAll = (changed) => {
    for (const box of drawn.keys()) if (!box.isConnected) { drawn.get(box).destroy(); drawn.delete(box); }
    for (const box of document.querySelectorAll(".plot")) if (!changed || !drawn.has(box) || box.dataset.drawn !== box.dataset.plot) draw(box);
  };
  let resizing;
  addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(drawAll, 120); });
  document.addEventListener("deploytrail:colours", () => drawAll());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  document.addEventListener("htmx:after:swap", () => drawAll(true));
  drawAll();
})();
