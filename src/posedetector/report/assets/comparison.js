// The comparison page's curves: a panel for each joint and side, a line for each clip. No text becomes markup.
"use strict";

(() => {
  const { uPlot } = globalThis.libraries;
  const data = JSON.parse(document.getElementById("clips").textContent);
  const host = document.getElementById("overlaid");
  const GROUP = -1; // the mean of all clips, and the standard deviation between them
  const FEW = 6; // clips that can be told apart by colour; more are thin lines behind their mean
  const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [1, 4]];
  const few = data.labels.length <= FEW;

  const style = () => getComputedStyle(document.documentElement);
  const colour = (name) => style().getPropertyValue(name).trim();
  const ink = (clip) => (clip === GROUP ? colour("--fg") : few ? colour(`--clip${clip}`) : colour("--muted"));
  const translucent = (hex, alpha) => `${hex}${Math.round(alpha * 255).toString(16).padStart(2, "0")}`;

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Each curve is three series: mean, and the edges of the band of one standard deviation.
  function plot(panel, box) {
    const banded = (clip) => clip === GROUP || data.labels.length === 2;
    const series = [{}];
    const bands = [];
    const columns = [data.x];
    for (const { clip, mean, sd } of panel.curves) {
      const width = clip === GROUP ? 3 : few ? 2 : 0.8;
      series.push({ stroke: () => ink(clip), width, dash: few && clip !== GROUP ? DASHES[clip] : [], points: { show: false } });
      columns.push(mean);
      if (!banded(clip)) continue;
      bands.push({ series: [series.length, series.length + 1], fill: () => translucent(ink(clip), 0.15) });
      for (const sign of [1, -1]) {
        series.push({ stroke: "transparent", width: 0, points: { show: false } });
        columns.push(mean.map((value, index) => (value === null || sd[index] === null ? null : value + sign * sd[index])));
      }
    }
    const axis = (more) => ({ stroke: () => colour("--muted"), grid: { stroke: () => colour("--grid"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif", ...more });
    return new uPlot(
      {
        width: box.clientWidth || 320,
        height: 190,
        padding: [6, 18, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false } },
        axes: [axis({ size: 26 }), axis({ size: 42, values: (_, ticks) => ticks.map((tick) => `${tick}°`.replace("-", "−")) })],
        series,
        bands,
      },
      columns,
      box,
    );
  }

  const plots = data.panels.map((panel) => {
    const figure = element("figure", "panel");
    const box = element("div", "plot");
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", `${panel.title} in degrees over ${data.axis}, of ${panel.curves.length} curves`);
    figure.append(element("h3", "", panel.title), box);
    host.append(figure);
    return { u: plot(panel, box), box };
  });
  const resize = () => plots.forEach(({ u, box }) => u.setSize({ width: box.clientWidth || 320, height: 190 }));
  new ResizeObserver(resize).observe(host);
  addEventListener("beforeprint", () => plots.forEach(({ u }) => u.setSize({ width: 210, height: 130 })));
  addEventListener("afterprint", resize);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach(({ u }) => u.redraw(false)));
  document.documentElement.classList.add("ready");
})();
