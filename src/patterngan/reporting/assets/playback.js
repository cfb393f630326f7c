// The training of a run, step by step: a slider over the recorded steps drives the law, D(x) and the codes.
// Reads the JSON of reporting/playback.py. Where this script does not run, the page shows still figures instead.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("playback").textContent);
  const root = document.querySelector(".playback");
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const laws = data.laws.map((text) => Array.from(new Float32Array(bytes(text).buffer)));
  const scores = data.scores.map((text) => Array.from(new Uint16Array(bytes(text).buffer), (score) => score / 65535));
  const codes = data.codes.map(bytes);
  const kinds = Array.from(bytes(data.kinds));
  const last = data.steps.length - 1;
  const INTEGERS = kinds.map((_, integer) => integer);
  const COLORS = data.names.map((name) => data.colors[name]);
  const HEIGHT = 250;
  const ABSENT = 255;
  const plots = [];
  let shown = last;

  const ink = () => getComputedStyle(document.body).color;
  const rgb = (color) => [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16));
  const top = 1.06 * Math.max(data.target, ...laws.map((law) => Math.max(...law)));
  const ofKind = (values, kind) => values.map((value, place) => (kinds[place] === kind ? value : null));
  const byKind = (values) => data.names.map((_, kind) => ofKind(values, kind));
  const missing = (law) => law.map((p, place) => (kinds[place] && p < data.missing_below * data.target ? 0 : null));

  const font = "12px system-ui, sans-serif";
  function axis(label, more) {
    const line = { stroke: ink, width: 1 };
    const values = (_, ticks) => ticks.map((tick) => String(Number(tick.toPrecision(4))));
    return { label, values, font, labelFont: font, stroke: ink, labelSize: 18, labelGap: 0, grid: { show: false }, ticks: { ...line, size: 4 }, border: { ...line, show: true }, ...more };
  }

  function plot(name, options, values) {
    const host = root.querySelector(`.${name}`);
    const size = () => ({ width: host.clientWidth, height: HEIGHT });
    const made = new uPlot({ ...size(), legend: { show: false }, padding: [10, 18, 0, 0], ...options }, values, host);
    new ResizeObserver(() => made.setSize(size())).observe(host);
    plots.push(made);
    return made;
  }

  const overIntegers = {
    points: { show: false },
    sync: { key: "integers", scales: ["x", null] },
    drag: { x: true, y: false },
  };
  const integerScale = { time: false, range: (_, low, high) => [low - 0.7, high + 0.7] };
  const integerAxis = (label) => axis(label, { size: 30, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] });

  // A box beside the pointer with the lines that `text` returns.
  function tip(chart, text) {
    const box = document.createElement("div");
    box.className = "tip";
    chart.over.append(box);
    chart.over.addEventListener("mouseleave", () => (box.textContent = ""));
    chart.over.addEventListener("mousemove", () => {
      const { left, top, idx } = chart.cursor;
      box.textContent = idx === null || idx === undefined ? "" : text(idx, top).join("\n");
      const isRight = left > chart.over.clientWidth / 2;
      box.style.left = isRight ? "" : `${left + 12}px`;
      box.style.right = isRight ? `${chart.over.clientWidth - left + 12}px` : "";
    });
  }

  function about(integer, step) {
    const above = integer >= data.capacity;
    const lines = [above ? `${data.capacity} and above` : `integer ${integer} (${data.names[kinds[integer]]})`];
    lines.push(`probability ${laws[step][integer].toPrecision(3)}`);
    if (!above) lines.push(`D(x) ${scores[step][integer].toFixed(3)}`);
    return lines;
  }

  function level(chart, value) {
    const y = Math.round(chart.valToPos(value, "y", true)) + 0.5;
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.strokeStyle = data.colors.target;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  const noLine = () => null;
  const dots = (color, size) => ({ paths: noLine, stroke: color, points: { show: true, size, width: 0, fill: color, stroke: color } });
  const small = data.has_dots ? 2 : 5; // many bars would hide each other
  const bar = (color) => data.has_dots ? dots(color, small) : ({ paths: uPlot.paths.bars({ size: [0.9, 60, 1] }), stroke: color, fill: color, width: 0, points: { show: false } });

  const lawOf = (step) => [INTEGERS, ...byKind(laws[step]), missing(laws[step])];
  const law = plot("law", {
    cursor: { ...overIntegers, y: false },
    scales: { x: integerScale, y: { range: [0, top] } },
    axes: [integerAxis("integer"), axis("probability", { size: 62 })],
    series: [{}, ...COLORS.map(bar), dots(data.colors.missing, small)],
    hooks: { draw: [(chart) => level(chart, data.target)] },
  }, lawOf(shown));
  tip(law, (integer) => about(integer, shown));

  const scoresOf = (step) => [INTEGERS, ...byKind(scores[step])];
  const score = plot("scores", {
    cursor: { ...overIntegers, y: false },
    scales: { x: integerScale, y: { range: [-0.03, 1.03] } },
    axes: [integerAxis("integer x"), axis("D(x)", { size: 62 })],
    series: [{}, ...COLORS.map((color) => dots(color, small))],
    hooks: { draw: [(chart) => level(chart, 0.5)] },
  }, scoresOf(shown));
  tip(score, (integer) => about(integer, shown));

  // Cells of a grid, the first row at the bottom: paint(column, row) returns red, green, blue and opacity, 0 to 255.
  function grid(columns, rows, paint) {
    const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        image.data.set(paint(column, row), 4 * ((rows - 1 - row) * columns + column));
    context.putImageData(image, 0, 0);
    return canvas;
  }

  function drawGrid(chart, canvas) {
    const { ctx, bbox } = chart;
    const [left, right] = [-0.5, canvas.width - 0.5].map((value) => chart.valToPos(value, "x", true));
    const [bottom, high] = [-0.5, canvas.height - 0.5].map((value) => chart.valToPos(value, "y", true));
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.imageSmoothingEnabled = right - left < canvas.width; // else thin columns would vanish
    ctx.imageSmoothingQuality = "high"; // the mean of all columns of a pixel
    ctx.drawImage(canvas, left, high, right - left, bottom - high);
    ctx.restore();
  }

  const heat = grid(kinds.length, last + 1, (integer, step) => {
    const share = Math.min(1, laws[step][integer] / data.target);
    return [...rgb(COLORS[kinds[integer]]), 255 * Math.sqrt(share)];
  });
  const nearestStep = (chart, y) => Math.max(0, Math.min(last, Math.round(chart.posToVal(y, "y"))));
  const map = plot("heat", {
    cursor: { ...overIntegers, y: true },
    scales: { x: integerScale, y: { range: [-0.5, last + 0.5] } },
    axes: [integerAxis("integer"), axis("GAN step", {
      size: 62,
      incrs: [1, 2, 3, 5, 10],
      values: (_, places) => places.map((place) => data.steps[place] ?? ""),
    })],
    series: [{}, { paths: noLine, points: { show: false } }],
    hooks: { draw: [(chart) => drawGrid(chart, heat), (chart) => {
      const [bottom, high] = [shown - 0.5, shown + 0.5].map((value) => chart.valToPos(value, "y", true));
      chart.ctx.save();
      chart.ctx.strokeStyle = ink();
      chart.ctx.lineWidth = 1.5 * devicePixelRatio;
      chart.ctx.strokeRect(chart.bbox.left, high, chart.bbox.width, bottom - high);
      chart.ctx.restore();
    }] },
  }, [INTEGERS, INTEGERS.map(() => 0)]);
  tip(map, (integer, y) => [`step ${data.steps[nearestStep(map, y)]}`, ...about(integer, nearestStep(map, y))]);
  let pressed = 0;
  map.over.addEventListener("mousedown", (event) => (pressed = event.offsetX));
  map.over.addEventListener("click", (event) => {
    if (Math.abs(event.offsetX - pressed) < 4) show(nearestStep(map, event.offsetY)); // a longer way is a zoom
  });

  const rows = data.integers[0].length;
  const entry = (step, column, row) => codes[step][(rows - 1 - row) * data.width + column];
  function codeGrid() {
    const dark = ink().match(/\d+/g).slice(0, 3).map(Number);
    return grid(data.width, rows, (column, row) => {
      const value = entry(shown, column, row);
      return [...dark, value === ABSENT ? 0 : 255 * (0.06 + 0.94 * value / 254)];
    });
  }
  const code = plot("codes", {
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: false, range: [-0.5, data.width - 0.5] }, y: { range: [-0.5, rows - 0.5] } },
    axes: [axis("entry of the code (faint 0, strong 1)", { size: 30, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500], border: { show: false } }),
           axis("integer", { size: 62, values: () => [], ticks: { show: false }, border: { show: false } })],
    series: [{}, { paths: noLine, points: { show: false } }],
    hooks: { draw: [(chart) => drawGrid(chart, codeGrid()), drawPartings, drawIntegers] },
  }, [Array.from({ length: data.width }, (_, place) => place), Array(data.width).fill(0)]);
  tip(code, (column, y) => {
    const row = Math.max(0, Math.min(rows - 1, Math.round(code.posToVal(y, "y"))));
    const value = entry(shown, column, row);
    return [`a code of ${data.integers[shown][rows - 1 - row]}`, `entry ${column}: ${value === ABSENT ? "none" : (value / 254).toFixed(2)}`];
  });

  function drawPartings({ ctx, bbox, valToPos }) {
    ctx.save();
    ctx.fillStyle = data.colors.missing;
    const width = 2 * devicePixelRatio;
    for (const edge of data.partings)
      ctx.fillRect(valToPos(edge - 0.5, "x", true) - width / 2, bbox.top - 4, width, bbox.height + 8);
    ctx.restore();
  }

  function drawIntegers({ ctx, bbox, valToPos }) {
    ctx.save();
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    data.integers[shown].forEach((integer, place) => {
      ctx.fillStyle = COLORS[kinds[Number(integer)] ?? 0];
      ctx.fillText(integer, bbox.left - 6 * devicePixelRatio, valToPos(rows - 1 - place, "y", true));
    });
    ctx.restore();
  }

  const slider = root.querySelector("input");
  const said = root.querySelector("output");
  const button = root.querySelector("button");
  slider.max = last;

  function show(step) {
    shown = step;
    law.setData(lawOf(step), false); // false: a zoom stays
    score.setData(scoresOf(step), false);
    for (const chart of plots) chart.redraw();
    say(step);
  }

  function say(step) {
    slider.value = step;
    const validity = laws[step].reduce((sum, p, place) => sum + (kinds[place] ? p : 0), 0);
    const tv = laws[step].reduce((sum, p, place) => sum + Math.abs(p - (kinds[place] ? data.target : 0)), 0) / 2;
    said.textContent = `step ${data.steps[step]} · validity ${validity.toFixed(3)} · tv ${tv.toFixed(3)}`;
    slider.setAttribute("aria-valuetext", said.textContent);
  }

  let timer = null;
  function pause() {
    clearInterval(timer);
    timer = null;
    button.textContent = "▶";
    button.setAttribute("aria-label", "play");
  }
  function play() {
    if (shown === last) show(0);
    button.textContent = "❚❚";
    button.setAttribute("aria-label", "pause");
    timer = setInterval(() => (shown < last ? show(shown + 1) : pause()), 400);
  }
  button.addEventListener("click", () => (timer === null ? play() : pause()));
  slider.addEventListener("input", () => {
    pause();
    show(Number(slider.value));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(shown));
  say(last);
  document.documentElement.classList.add("plays");
})();
