// The report page's viewer: video, skeleton and curves, which show one moment together.
//
// There is one state, and one way to change the moment: `setFrame`. Whatever happens in between, each view draws at most once
// per animation frame. Numbers come from the full arrays; only lines are thinned for drawing. Nothing is fetched, and no text
// of the trial becomes markup (textContent alone).
"use strict";

(() => {
  const { THREE, OrbitControls, uPlot } = globalThis.libraries;
  const by = (id) => document.getElementById(id);
  const MISSING = { 16: -32768, 32: -2147483648 };
  const SIGMAS = 1.6449; // half of a 90 % interval, in standard deviations
  const NUDGE = 0.3; // a video is sent a little behind a frame's start, so that rounding never shows the one before

  // ---------------------------------------------------------------------------------------------- data

  /** A matrix column by column; a missing value is NaN. */
  class Matrix {
    constructor(values, rows, columns) {
      Object.assign(this, { values, rows, columns });
    }

    at(row, column) {
      return this.values[column * this.rows + row];
    }

    column(index) {
      return this.values.subarray(index * this.rows, (index + 1) * this.rows);
    }
  }

  async function inflate(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  /** Undo page.py's packing: gzip of little-endian integers, per column as first differences modulo 2^bits. */
  async function unpack(packed) {
    if (!packed) return null;
    const [rows, columns] = packed.shape;
    const buffer = await inflate(packed.data);
    const steps = packed.bits === 16 ? new Int16Array(buffer) : new Int32Array(buffer);
    if (steps.length !== rows * columns) throw new Error(`an array of ${rows} × ${columns} has ${steps.length} values`);
    const [values, shift, missing] = [new Float64Array(steps.length), 32 - packed.bits, MISSING[packed.bits]];
    for (let column = 0, index = 0; column < columns; column++) {
      for (let row = 0, running = 0; row < rows; row++, index++) {
        running = ((running + steps[index]) << shift) >> shift;
        values[index] = running === missing ? NaN : running * packed.scale;
      }
    }
    return new Matrix(values, rows, columns);
  }

  async function load() {
    if (typeof DecompressionStream === "undefined") {
      throw new Error("this browser cannot unpack the page's data (Chrome 80, Safari 16.4 or Firefox 113 and later can)");
    }
    const trial = JSON.parse(by("trial").textContent);
    const packed = ["time", "frames", "motion", "seen", "path", "angles", "sd"];
    const matrices = await Promise.all(packed.map((name) => unpack(trial[name])));
    packed.forEach((name, index) => (trial[name] = matrices[index]));
    trial.time = trial.time.column(0);
    trial.frames = trial.frames.column(0);
    return trial;
  }

  /** Row of the last time that is not after `time` (0 if all are). */
  function rowAt(times, time) {
    let [low, high] = [0, times.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  function nearestRow(times, time) {
    const row = rowAt(times, time);
    return row + 1 < times.length && times[row + 1] - time < time - times[row] ? row + 1 : row;
  }

  /** Value with one decimal, a real minus sign, and no minus zero. */
  function number(value, digits = 1) {
    if (!Number.isFinite(value)) return "–";
    const text = value.toFixed(digits);
    return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
  }

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function element(tag, { className, text, ...attributes } = {}, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  // ---------------------------------------------------------------------------------------------- colours

  let colours = {};
  let printing = false;

  /** Colours are CSS's business; canvases are told them. On paper they are the light ones. */
  function readColours() {
    const style = getComputedStyle(printing ? by("paper") : document.documentElement);
    for (const name of ["fg", "muted", "line", "grid", "surface", "left", "right", "contact", "shade"]) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
    colours[""] = colours.fg;
  }

  function translucent(colour, alpha) {
    const { r, g, b } = new THREE.Color(colour).convertLinearToSRGB();
    return `rgba(${[r, g, b].map((part) => Math.round(part * 255)).join(",")},${alpha})`;
  }

  // ---------------------------------------------------------------------------------------------- state

  let trial;
  let views = [];
  const state = { frame: 0, source: "start", playing: false, speed: 1, loop: false, range: null, drawn: 0 };
  let drawing = 0;

  function requestDraw() {
    drawing ||= requestAnimationFrame(draw);
  }

  function draw() {
    drawing = 0;
    state.drawn++;
    for (const view of views) view.show(state.frame, state.source);
  }

  /** The one way to another moment; `source` is who wants it: a video that leads must not be sent back to where it was. */
  function setFrame(frame, source) {
    state.frame = clamp(Math.round(frame), 0, trial.time.length - 1);
    state.source = source;
    requestDraw();
  }

  // ---------------------------------------------------------------------------------------------- video

  function makeFilm() {
    const [video, note] = [by("film"), by("film-note")];
    const about = trial.video;
    const none = { show() {}, covers: () => false, run() {}, rest() {}, time: () => NaN, running: false, seen: () => NaN };
    if (!about) return none;
    by("film-pane").hidden = false;
    by("viewer").classList.add("with-film");
    if (about.width && about.height) Object.assign(video, { width: about.width, height: about.height });
    by("film-pane").classList.toggle("upright", about.height > about.width);

    const film = { ...none, broken: false, running: false };
    let [wanted, presented, waiting] = [NaN, NaN, false];
    const fail = () => {
      film.broken = true;
      video.hidden = true;
      note.hidden = false;
      note.textContent = `${about.src} is not beside this page, or this browser cannot play it. All else works without it.`;
    };
    const seek = (seconds) => {
      wanted = seconds;
      if (video.seeking || !video.readyState) waiting = true;
      else video.currentTime = seconds;
    };
    video.addEventListener("error", fail);
    const settle = () => {
      if (waiting && Number.isFinite(wanted)) video.currentTime = wanted;
      waiting = false;
    };
    video.addEventListener("seeked", settle);
    video.addEventListener("loadedmetadata", settle);
    if ("requestVideoFrameCallback" in video) {
      const onPicture = (_, picture) => {
        if (!video.seeking) presented = picture.mediaTime;
        video.requestVideoFrameCallback(onPicture);
      };
      video.requestVideoFrameCallback(onPicture);
    } else {
      video.addEventListener("timeupdate", () => (presented = video.currentTime));
      film.polled = true;
    }

    const within = (time) => time - about.start;
    film.show = (frame, source) => {
      if (film.broken || source === "video") return;
      const length = frame + 1 < trial.time.length ? trial.time[frame + 1] - trial.time[frame] : 0.01;
      seek(Math.max(within(trial.time[frame]) + NUDGE * Math.min(length, 0.1), 0));
    };
    film.covers = (time) =>
      !film.broken && video.readyState >= 2 && within(time) >= -1e-3 && within(time) < video.duration - 1e-3 && !(film.running && video.ended);
    film.run = (time) => {
      film.running = true;
      presented = Math.max(within(time), 0);
      if (Math.abs(video.currentTime - presented) > 0.05) video.currentTime = presented;
      video.playbackRate = state.speed;
      video.play().catch((trouble) => {
        if (trouble.name !== "AbortError") film.broken = true; // the page's own clock goes on
      });
    };
    film.rest = () => {
      if (film.running) video.pause();
      film.running = false;
    };
    film.time = () => {
      if (film.polled && !video.seeking) presented = video.currentTime;
      return presented + about.start;
    };
    film.seen = () => video.currentTime + about.start;
    film.ended = () => video.ended;
    video.src = about.src;
    return film;
  }

  // ---------------------------------------------------------------------------------------------- skeleton

  const FIELD = 30; // degrees from top to bottom of the 3D picture
  const SMALL = /eye|ear|mouth|nose|pinky|index$|thumb|finger|toe/;
  const UP = [0, 1, 0];

  /** Without a GPU (remote desktops, virtual machines) each pixel is dear: no smoothing of edges, no finer pixels. */
  function drawsInSoftware() {
    const probe = document.createElement("canvas").getContext("webgl2");
    const about = probe?.getExtension("WEBGL_debug_renderer_info");
    const name = about ? String(probe.getParameter(about.UNMASKED_RENDERER_WEBGL)) : "";
    probe?.getExtension("WEBGL_lose_context")?.loseContext();
    return /swiftshader|llvmpipe|software|basic render/i.test(name);
  }

  function makeBody() {
    const [host, canvas, note] = [by("body-host"), by("body"), by("body-note")];
    const { points, links, feet } = trial.skeleton;
    const { motion, seen, path } = trial;
    const none = { show() {}, recolour() {}, resize() {}, look() {}, turn() {}, points: () => [], camera: () => null, follow: true };
    canvas.setAttribute("aria-label", `Skeleton of ${points.length} points in metres, in the laboratory frame; drag to orbit`);
    const slow = drawsInSoftware();
    const fineness = () => (slow ? 1 : Math.min(devicePixelRatio, 2));
    const settings = { antialias: !slow, alpha: true, preserveDrawingBuffer: true };
    const context = canvas.getContext("webgl2", settings);
    if (!context || typeof WebGL2RenderingContext === "undefined") {
      canvas.hidden = true;
      by("body-key").hidden = true;
      note.hidden = false;
      note.textContent = "This browser has no WebGL, so the skeleton is not drawn. All else works without it.";
      document.querySelectorAll("#body-pane button, #body-pane input").forEach((control) => (control.disabled = true));
      return none;
    }
    const renderer = new THREE.WebGLRenderer({ canvas, context, ...settings });
    const scene = new THREE.Scene();
    const camera = new THREE.PerspectiveCamera(FIELD, 1, 0.05, 400);
    const controls = new OrbitControls(camera, canvas);
    Object.assign(controls, { enableDamping: false, minDistance: 0.3, maxDistance: 80, zoomSpeed: 0.8 });
    const sun = new THREE.DirectionalLight(0xffffff, 1.6);
    sun.position.set(2, 4, 3);
    scene.add(new THREE.AmbientLight(0xffffff, 1.9), sun);

    // --- extent: how high the person is, where he goes
    const extent = measure(motion, path);
    const middle = new THREE.Vector3(0, extent.height / 2, 0);

    // --- floor, axes, camera, path
    const fine = new THREE.LineSegments(floor(extent, extent.span > 24 ? 1 : 0.25), new THREE.LineBasicMaterial({ transparent: true }));
    const coarse = new THREE.LineSegments(floor(extent, extent.span > 24 ? 5 : 1), new THREE.LineBasicMaterial());
    coarse.position.y = 0.0005;
    const axes = fat([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1].map((v, i) => (i % 3 === 1 ? v + 0.002 : v)), 1.75);
    const labels = [
      ["X 1 m", [1.1, 0.04, 0]],
      ["Y 1 m", [0, 1.07, 0]],
      ["Z 1 m", [0, 0.04, 1.1]],
    ].map(([text, place]) => label(text, place));
    scene.add(fine, coarse, axes, ...labels);
    const stand = trial.camera?.position;
    const known = Boolean(stand?.every(Number.isFinite));
    const glyph = fat(known ? frustum(stand, middle) : [], 1.5);
    if (known) scene.add(glyph);
    const trail = trailOf(path);
    // thick lines cost a quadrilateral a segment, each time; a long path is thin
    const stroke = trail.ends.length > 500 ? thin : fat;
    const ahead = stroke(trail.segments, 1.5, 0.35);
    const behind = stroke(trail.segments, 3);
    const spot = new THREE.Mesh(new THREE.RingGeometry(0.035, 0.055, 24), new THREE.MeshBasicMaterial());
    spot.geometry.rotateX(-Math.PI / 2);
    scene.add(ahead, behind, spot);

    // --- the person: what was seen is solid, what was interpolated or mirrored are rings and dashes
    const DASHES = 4;
    const ball = new THREE.SphereGeometry(1, 14, 10);
    const stick = new THREE.CylinderGeometry(1, 1, 1, 10);
    const skin = () => new THREE.MeshLambertMaterial();
    const balls = many(ball, skin(), points.length + 1); // and a head
    const sticks = many(stick, skin(), links.length + 1);
    const rings = many(new THREE.RingGeometry(0.62, 1, 18), new THREE.MeshBasicMaterial({ transparent: true, opacity: 0.9 }), points.length);
    const dashes = many(stick, new THREE.MeshLambertMaterial({ transparent: true, opacity: 0.65 }), (links.length + 1) * DASHES);
    const soles = many(new THREE.CircleGeometry(1, 28).rotateX(-Math.PI / 2), new THREE.MeshBasicMaterial({ transparent: true, opacity: 0.4 }), 2);
    scene.add(soles, sticks, balls, dashes, rings);

    const HEAD = 0.085; // metres, about half of a head's breadth
    // a head that no landmark joins to the trunk would float: a line from between the shoulders to between the ears
    const rowsOf = (...names) => names.map((name) => points.indexOf(name)).filter((row) => row >= 0);
    const neck = [rowsOf("left_shoulder", "right_shoulder"), rowsOf("left_ear", "right_ear")];
    const loose = !points.includes("neck") && neck.every((rows) => rows.length === 2);
    const sideOf = points.map((name) => (name.startsWith("left_") ? "left" : name.startsWith("right_") ? "right" : ""));
    const radius = points.map((name) => (name === "head" ? HEAD : SMALL.test(name) ? 0.011 : 0.022));
    const footOf = links.map(([i, j]) => ["left", "right"].find((side) => feet?.[side]?.includes(i) && feet[side].includes(j)) ?? "");
    const paints = {};
    const matrix = new THREE.Matrix4();
    const [a, b, along, centre, size] = Array.from({ length: 5 }, () => new THREE.Vector3());
    const turned = new THREE.Quaternion();
    const upright = new THREE.Vector3(...UP);
    const drawn = { points: [] };

    const place = (row, point, into) => into.set(motion.at(row, 3 * point), motion.at(row, 3 * point + 1), motion.at(row, 3 * point + 2));
    const standing = (side, time) => (trial.stance?.[side] ?? []).some(([start, end]) => start <= time && time <= end);

    function pose(row) {
      const count = { balls: 0, rings: 0, sticks: 0, dashes: 0, soles: 0 };
      const contact = { left: standing("left", trial.time[row]), right: standing("right", trial.time[row]) };
      drawn.points = [];
      drawn.contact = contact;
      const put = (mesh, name, colour, position, rotation, scale) => {
        mesh.setMatrixAt(count[name], matrix.compose(position, rotation, scale));
        mesh.setColorAt(count[name]++, colour);
      };
      points.forEach((name, point) => {
        const how = seen.at(row, point);
        place(row, point, a);
        if (!how || !Number.isFinite(a.x + a.y + a.z)) return;
        const colour = paints[sideOf[point]];
        drawn.points.push([name, ...a.toArray()]);
        if (how === 2) put(balls, "balls", colour, a, turned.identity(), size.setScalar(radius[point]));
        else put(rings, "rings", colour, a, camera.quaternion, size.setScalar(radius[point] * 1.15));
      });
      const join = (how, colour, thick) => {
        along.subVectors(b, a);
        const length = along.length();
        if (!how || !(length > 1e-6)) return;
        turned.setFromUnitVectors(upright, along.divideScalar(length));
        if (how === 2) {
          put(sticks, "sticks", colour, centre.addVectors(a, b).divideScalar(2), turned, size.set(thick, length, thick));
          return;
        }
        for (let dash = 0; dash < DASHES; dash++) {
          centre.copy(a).addScaledVector(along, (length * (dash + 0.5)) / DASHES);
          put(dashes, "dashes", colour, centre, turned, size.set(thick * 0.75, (length / DASHES) * 0.55, thick * 0.75));
        }
      };
      links.forEach(([i, j, side], link) => {
        place(row, i, a);
        place(row, j, b);
        const touches = footOf[link] && contact[footOf[link]];
        join(Math.min(seen.at(row, i), seen.at(row, j)), touches ? paints.contact : paints[side], touches ? 0.017 : 0.01);
      });
      if (loose) {
        neck.forEach(([left, right], end) => (end ? b : a).copy(place(row, left, centre)).add(place(row, right, centre)).divideScalar(2));
        const how = Math.min(...neck.flat().map((point) => seen.at(row, point)));
        join(how, paints[""], 0.01);
        if (how) put(balls, "balls", paints[""], b, turned.identity(), size.setScalar(HEAD));
      }
      for (const side of ["left", "right"]) {
        const rows = (feet?.[side] ?? []).filter((point) => seen.at(row, point) && Number.isFinite(motion.at(row, 3 * point)));
        if (!contact[side] || !rows.length) continue;
        centre.set(0, 0.004, 0);
        for (const point of rows) {
          centre.x += motion.at(row, 3 * point) / rows.length;
          centre.z += motion.at(row, 3 * point + 2) / rows.length;
        }
        put(soles, "soles", paints.contact, centre, turned.identity(), size.setScalar(0.15));
      }
      for (const [name, mesh] of Object.entries({ balls, rings, sticks, dashes, soles })) {
        mesh.count = count[name];
        mesh.instanceMatrix.needsUpdate = true;
        if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
      }
    }

    // --- where one looks from
    let [view, steady, shown] = ["", false, -1];
    const target = middle.clone();
    const body = { ...none, follow: true };

    /** Middle of the person at a row, at half of his height; where that is not known, what was known last. */
    function personAt(row) {
      const [x, , z] = [0, 1, 2].map((axis) => path.at(row, axis));
      if (Number.isFinite(x) && Number.isFinite(z)) middle.set(x, extent.height / 2, z);
      return middle;
    }

    function attend(row) {
      personAt(row);
      if (!body.follow) return;
      along.subVectors(middle, target);
      target.copy(middle);
      controls.target.copy(target);
      if (view !== "camera") camera.position.add(along);
      quietly(() => controls.update());
    }

    function quietly(work) {
      steady = true;
      work();
      steady = false;
    }

    function distance() {
      const half = Math.tan((FIELD * Math.PI) / 360);
      return (extent.height * 0.66) / half / Math.min(1, camera.aspect * 1.15);
    }

    const DIRECTIONS = { front: [1, 0.02, 0], side: [0, 0.02, 1], top: [1e-3, 1, 0], oblique: [0.85, 0.34, 0.55] };

    body.look = (name) => {
      if (name === "camera" && !known) return;
      view = name;
      target.copy(personAt(state.frame));
      controls.target.copy(target);
      camera.zoom = 1;
      if (name === "camera") {
        camera.position.set(...stand);
        camera.zoom = Math.max(camera.position.distanceTo(target) / distance(), 0.2);
      } else {
        camera.position.copy(target).addScaledVector(a.set(...DIRECTIONS[name]).normalize(), distance());
      }
      camera.updateProjectionMatrix();
      quietly(() => controls.update());
      document.querySelectorAll("[data-view]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.view === name)));
      requestDraw();
    };

    const freed = () => {
      view = "";
      document.querySelectorAll("[data-view]").forEach((button) => button.setAttribute("aria-pressed", "false"));
    };

    body.turn = (way) => {
      freed();
      along.subVectors(camera.position, controls.target);
      if (way === "nearer" || way === "farther") along.multiplyScalar(way === "nearer" ? 0.8 : 1.25);
      else along.applyAxisAngle(upright, (way === "left" ? -1 : 1) * (Math.PI / 12));
      camera.position.addVectors(controls.target, along);
      quietly(() => controls.update());
      requestDraw();
    };

    controls.addEventListener("start", freed);
    controls.addEventListener("change", () => steady || requestDraw());

    body.show = (row) => {
      attend(row);
      glyph.visible = known && view !== "camera"; // one looks out of it
      camera.updateMatrixWorld();
      pose(row);
      const walked = trail.ends.length && trail.ends[0] <= row ? rowAt(trail.ends, row) + 1 : 0;
      if (stroke === fat) behind.geometry.instanceCount = walked;
      else behind.geometry.setDrawRange(0, 2 * walked);
      behind.visible = walked > 0;
      const [x, , z] = [0, 1, 2].map((axis) => path.at(row, axis));
      spot.visible = Number.isFinite(x) && Number.isFinite(z);
      if (spot.visible) spot.position.set(x, 0.006, z);
      renderer.render(scene, camera);
      shown = row;
    };

    body.resize = (width = host.clientWidth, height = host.clientHeight, ratio = fineness()) => {
      if (!width || !height) return;
      const before = distance();
      camera.aspect = width / height;
      if (camera.zoom === 1) camera.position.sub(controls.target).multiplyScalar(distance() / before).add(controls.target);
      camera.updateProjectionMatrix();
      renderer.setPixelRatio(ratio);
      renderer.setSize(width, height, false);
      const unit = (2 * Math.tan((FIELD * Math.PI) / 360)) / height;
      for (const sprite of labels) sprite.scale.set(sprite.userData.width * unit, sprite.userData.height * unit, 1);
    };

    body.recolour = () => {
      for (const name of ["left", "right", "", "contact"]) paints[name] = new THREE.Color(colours[name]);
      fine.material.color.set(colours.grid);
      coarse.material.color.set(colours.line);
      axes.material.color.set(colours.muted);
      glyph.material.color.set(colours.muted);
      ahead.material.color.set(colours.muted);
      behind.material.color.set(colours.muted);
      spot.material.color.set(colours.muted);
      labels.forEach((sprite) => sprite.userData.paint());
    };

    canvas.addEventListener("webglcontextrestored", requestDraw);
    document.querySelector('[data-view="camera"]').disabled = !known;
    body.recolour();
    body.resize();
    body.look("oblique");
    new ResizeObserver(() => {
      if (printing) return;
      body.resize();
      requestDraw();
    }).observe(host);
    body.points = () => drawn.points;
    body.contact = () => ({ ...drawn.contact });
    body.camera = () => ({ view, position: camera.position.toArray(), target: controls.target.toArray(), row: shown });
    return body;

    // --- parts

    function many(geometry, material, count) {
      const mesh = new THREE.InstancedMesh(geometry, material, Math.max(count, 1));
      mesh.frustumCulled = false;
      return mesh;
    }

    function fat(segments, width, opacity = 1) {
      const geometry = new THREE.LineSegmentsGeometry();
      if (segments.length) geometry.setPositions(segments);
      const material = new THREE.LineMaterial({ linewidth: width, transparent: opacity < 1, opacity });
      const lines = new THREE.LineSegments2(geometry, material);
      lines.frustumCulled = false;
      lines.visible = segments.length > 0;
      return lines;
    }

    function thin(segments, _, opacity = 1) {
      const places = new THREE.BufferAttribute(new Float32Array(segments), 3);
      const material = new THREE.LineBasicMaterial({ transparent: opacity < 1, opacity });
      const lines = new THREE.LineSegments(new THREE.BufferGeometry().setAttribute("position", places), material);
      lines.frustumCulled = false;
      return lines;
    }

    function label(text, where) {
      const paper = document.createElement("canvas");
      const [scale, height] = [2, 18];
      const pen = paper.getContext("2d");
      const font = `600 ${12 * scale}px system-ui, sans-serif`;
      pen.font = font;
      const width = Math.ceil(pen.measureText(text).width / scale) + 8;
      [paper.width, paper.height] = [width * scale, height * scale];
      const texture = new THREE.CanvasTexture(paper);
      Object.assign(texture, { colorSpace: "srgb", generateMipmaps: false, minFilter: 1006 }); // 1006: linear
      const sprite = new THREE.Sprite(new THREE.SpriteMaterial({ map: texture, sizeAttenuation: false, depthTest: false, transparent: true }));
      sprite.position.set(...where);
      sprite.userData = {
        width,
        height,
        paint() {
          pen.clearRect(0, 0, paper.width, paper.height);
          Object.assign(pen, { font, fillStyle: colours.muted, textAlign: "center", textBaseline: "middle" });
          Object.assign(pen, { strokeStyle: colours.surface, lineWidth: 4 * scale, lineJoin: "round" });
          pen.strokeText(text, paper.width / 2, paper.height / 2);
          pen.fillText(text, paper.width / 2, paper.height / 2);
          texture.needsUpdate = true;
        },
      };
      return sprite;
    }
  }

  /** Height of the person and the floor that he needs, in whole metres. */
  function measure(motion, path) {
    let [height, low, high] = [0, [Infinity, Infinity], [-Infinity, -Infinity]];
    for (let column = 1; column < motion.columns; column += 3) {
      for (const y of motion.column(column)) if (y > height) height = y;
    }
    [0, 2].forEach((axis, index) => {
      for (const value of path.column(axis)) {
        if (value < low[index]) low[index] = value;
        if (value > high[index]) high[index] = value;
      }
    });
    const known = Number.isFinite(low[0] + high[0] + low[1] + high[1]);
    low = (known ? low : [0, 0]).map((value) => Math.floor(Math.min(value, 0) - 0.75));
    high = (known ? high : [0, 0]).map((value) => Math.ceil(Math.max(value, 0) + 0.75));
    return { height: clamp(height, 0.8, 3), low, high, span: Math.max(high[0] - low[0], high[1] - low[1]) };
  }

  function floor({ low, high }, step) {
    const places = [];
    const lines = (axis) => {
      const count = Math.round((high[axis] - low[axis]) / step);
      for (let index = 0; index <= count; index++) {
        const value = low[axis] + index * step;
        if (axis === 0) places.push(value, 0, low[1], value, 0, high[1]);
        else places.push(low[0], 0, value, high[0], 0, value);
      }
    };
    lines(0);
    lines(1);
    return new THREE.BufferGeometry().setAttribute("position", new THREE.BufferAttribute(new Float32Array(places), 3));
  }

  /** A small pyramid where the camera stood, open towards the person. */
  function frustum(position, towards) {
    const eye = new THREE.Vector3(...position);
    const ahead = new THREE.Vector3().subVectors(towards, eye).setY(0).normalize();
    const aside = new THREE.Vector3().crossVectors(ahead, new THREE.Vector3(...UP));
    const corner = (right, up) => eye.clone().addScaledVector(ahead, 0.22).addScaledVector(aside, right * 0.1).setY(eye.y + up * 0.075);
    const corners = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
    const pairs = corners.flatMap((one, index) => [eye, one, one, corners[(index + 1) % 4]]);
    return pairs.flatMap((one) => one.toArray());
  }

  /** The path on the floor as separate segments (it may have holes), with the row at which each ends. */
  function trailOf(path, most = 6000) {
    const step = Math.max(1, Math.ceil(path.rows / most));
    const [segments, ends] = [[], []];
    for (let row = step; row < path.rows; row += step) {
      const pair = [path.at(row - step, 0), 0.004, path.at(row - step, 2), path.at(row, 0), 0.004, path.at(row, 2)];
      if (!pair.every(Number.isFinite)) continue;
      segments.push(...pair);
      ends.push(row);
    }
    return { segments, ends };
  }

  // ---------------------------------------------------------------------------------------------- curves

  const FONT = '11px system-ui, -apple-system, "Segoe UI", sans-serif';
  const WORD = { left: "L", right: "R", "": "" };

  /** Lines for uPlot: x, then (lower, upper, value) of each curve, nothing missing but null; thinned to the width. */
  function thinned(time, curves, from, to, width) {
    const count = to - from + 1;
    const dense = count > 2 * width;
    const xs = [];
    const lines = curves.map(() => [[], [], []]);
    const finite = (value) => (Number.isFinite(value) ? value : null);
    if (!dense) {
      for (let row = from; row <= to; row++) {
        xs.push(time[row]);
        curves.forEach(({ value, sd }, index) => {
          const half = sd ? SIGMAS * sd[row] : NaN;
          lines[index][0].push(finite(value[row] - half));
          lines[index][1].push(finite(value[row] + half));
          lines[index][2].push(finite(value[row]));
        });
      }
      return { data: [xs, ...lines.flat()], dense };
    }
    // each column of pixels keeps its lowest and highest value, in the order in which they came
    for (let column = 0; column < width; column++) {
      const start = from + Math.floor((column * count) / width);
      const stop = from + Math.floor(((column + 1) * count) / width);
      xs.push(time[start], time[start + ((stop - start) >> 1)]);
      curves.forEach(({ value, sd }, index) => {
        let [low, high, lowAt, highAt, bottom, top] = [Infinity, -Infinity, -1, -1, Infinity, -Infinity];
        for (let row = start; row < stop; row++) {
          const here = value[row];
          if (here < low) [low, lowAt] = [here, row];
          if (here > high) [high, highAt] = [here, row];
          if (!sd) continue;
          const half = SIGMAS * sd[row];
          if (here - half < bottom) bottom = here - half;
          if (here + half > top) top = here + half;
        }
        const [first, second] = lowAt < highAt ? [low, high] : [high, low];
        lines[index][0].push(finite(bottom), finite(bottom));
        lines[index][1].push(finite(top), finite(top));
        lines[index][2].push(finite(first), finite(second));
      });
    }
    return { data: [xs, ...lines.flat()], dense };
  }

  /** Lowest and highest value of all curves with their bands, rounded outwards, with room for the events below. */
  function degrees(curves, room) {
    let [low, high] = [Infinity, -Infinity];
    for (const { value, sd } of curves) {
      // where the fit is lost for a moment its band is vast: that must not flatten the curve
      const halves = sd ? Array.from(sd).filter(Number.isFinite).sort((one, other) => one - other) : [];
      const most = halves.length ? SIGMAS * halves[Math.floor(0.9 * (halves.length - 1))] : 0;
      value.forEach((here, row) => {
        const half = sd && Number.isFinite(sd[row]) ? Math.min(SIGMAS * sd[row], most) : 0;
        if (here - half < low) low = here - half;
        if (here + half > high) high = here + half;
      });
    }
    if (low > high) return [-1, 1];
    const slack = Math.max(0, 12 - (high - low)) / 2;
    [low, high] = [low - slack, high + slack];
    const span = high - low;
    return [low - span * (0.06 + room), high + span * 0.06];
  }

  const alone = (u, series, show, gaps) => {
    const line = u.data[series];
    const rows = [];
    for (let row = 0; row < line.length; row++) {
      if (line[row] !== null && (line[row - 1] ?? null) === null && (line[row + 1] ?? null) === null) rows.push(row);
    }
    return rows;
  };

  /** Lines and bands for uPlot; a curve that is `bandOnly` is a darker band without a line, a weak one paler. */
  function seriesOf(curves, banded) {
    const series = [{}];
    for (const { side, weak, bandOnly } of curves) {
      const colour = () => (weak ? translucent(colours[side], 0.55) : colours[side]);
      const silent = { show: banded, stroke: "transparent", width: 0, points: { show: false } };
      series.push(silent, { ...silent });
      series.push({
        show: !bandOnly,
        stroke: colour,
        width: 1.75,
        dash: side === "right" ? [7, 3] : undefined,
        points: { show: true, size: 5, stroke: colour, fill: colour, filter: alone },
      });
    }
    const bands = curves.map(({ side, weak, bandOnly }, index) => ({
      series: [3 * index + 2, 3 * index + 1],
      fill: () => translucent(colours[side], (side ? 0.2 : 0.16) * (bandOnly ? 1.4 : weak ? 0.6 : 1)),
    }));
    return { series, bands: banded ? bands : [] };
  }

  function axesOf(unit) {
    const common = { stroke: () => colours.muted, font: FONT, ticks: { show: false } };
    const grid = { stroke: () => colours.grid, width: 1 };
    return [
      { ...common, grid, size: 22, gap: 4, space: 64, values: (_, marks) => marks.map((mark) => `${tidy(mark)}${unit}`) },
      { ...common, grid, size: 42, gap: 6, space: 18, values: (_, marks) => marks.map((mark) => `${tidy(mark)}°`) },
    ];
  }

  const tidy = (value) => String(Number(value.toFixed(4))).replace("-", "−");

  function makeCurves() {
    const host = by("panels");
    const { time, panels, angles, sd, events = [], repetitions = [] } = trial;
    const whole = time.length > 1 ? [time[0], time[time.length - 1]] : [time[0] - 0.5, time[0] + 0.5];
    let [from, to] = whole;
    const shortest = time.length > 1 ? Math.min((5 * (to - from)) / (time.length - 1), to - from) : 1;
    let stale = false;
    const gaitful = events.length > 0;
    document.querySelectorAll(".key-events").forEach((key) => (key.hidden = !gaitful));
    by("key-band").hidden = !sd;
    by("key-repetition").hidden = !repetitions.length;
    by("key-contact").hidden = !["left", "right"].some((side) => trial.stance?.[side]?.length);

    const plots = panels.map((panel) => {
      const curves = panel.curves.map(({ side, column, weak }) => ({ side, weak, value: angles.column(column), sd: sd?.column(column) }));
      const filled = curves.some(({ value }) => value.some(Number.isFinite));
      const readouts = curves.map(({ side }) => {
        const value = element("output", { className: "value", "data-joint": panel.joint, "data-side": side, "aria-live": "off" });
        return { value, whole: element("span", { className: `reading ${side}` }, element("b", { text: WORD[side] }), value) };
      });
      const aim = panel.up ? `↑ ${panel.up}` : "";
      const zero = panel.zero ? `; 0° is ${panel.zero}` : "";
      const head = element("div", { className: "panel-head" });
      const readings = element("div", { className: "readings" }, ...readouts.map((one) => one.whole));
      head.append(element("h4", { text: panel.title }), element("span", { className: "aim muted", text: aim, title: `upwards: ${panel.up ?? ""}${zero}` }), readings);
      const box = element("div", { className: "plot", role: "img" });
      box.setAttribute("aria-label", `${panel.title} in degrees over time${panel.curves.length > 1 ? ", left and right" : ""}${panel.up ? `; upwards is ${panel.up}` : ""}${zero}`);
      host.append(element("div", { className: "panel", "data-joint": panel.joint }, head, box));
      const plot = { panel, curves, readouts, box, filled, u: null };
      if (!filled) {
        box.removeAttribute("role");
        box.append(element("p", { className: "pane-note", text: "No values in this clip." }));
        return plot;
      }
      const banded = curves.some((curve) => curve.sd?.some(Number.isFinite));
      const { series, bands } = seriesOf(curves, banded);
      plot.u = new uPlot(
        {
          width: 300,
          height: 120,
          padding: [6, 14, 0, 0],
          legend: { show: false },
          cursor: { show: false },
          scales: {
            x: { time: false, range: () => [from, to] },
            y: { range: degrees(curves, gaitful ? 0.16 : 0) },
          },
          axes: axesOf(" s"),
          series,
          bands,
          hooks: { drawClear: [shade], draw: [marks] },
        },
        thinned(time, curves, 0, time.length - 1, 300).data,
        box,
      );
      plot.cursor = element("div", { className: "cursor" });
      plot.dots = curves.map(({ side }) => element("div", { className: `cursor-dot ${side}` }));
      plot.u.over.append(plot.cursor, ...plot.dots);
      listen(plot.u);
      return plot;
    });
    if (!panels.length) host.append(element("p", { className: "pane-note", text: "No angles in this clip." }));

    /** Repetitions as tinted stretches, and zero as a line. */
    function shade(u) {
      const { ctx: pen, bbox } = u;
      pen.save();
      pen.fillStyle = colours.shade;
      for (const { start, end } of repetitions) {
        const [left, right] = [start, end].map((moment) => clamp(u.valToPos(moment, "x", true), bbox.left, bbox.left + bbox.width));
        if (right > left) pen.fillRect(left + 1, bbox.top, right - left - 2, bbox.height);
      }
      const zero = u.valToPos(0, "y", true);
      if (zero > bbox.top && zero < bbox.top + bbox.height) {
        pen.fillStyle = colours.line;
        pen.fillRect(bbox.left, Math.round(zero), bbox.width, Math.max(1, Math.round(devicePixelRatio)));
      }
      pen.restore();
    }

    /** Gait events near the lower edge: ▼ a foot lands, △ it leaves; left above right. Too many to tell apart: none. */
    function marks(u) {
      const { ctx: pen, bbox } = u;
      const inside = events.filter((event) => event.time >= from && event.time <= to);
      const size = 4.2 * (bbox.width / u.over.clientWidth || 1);
      if (inside.length * size > bbox.width) return;
      pen.save();
      for (const { kind, side, time: moment } of inside) {
        const x = u.valToPos(moment, "x", true);
        const y = bbox.top + bbox.height - size * (side === "left" ? 4 : 1.6);
        const tip = kind === "initial_contact" ? 1 : -1;
        pen.beginPath();
        pen.moveTo(x - size, y - tip * size * 0.8);
        pen.lineTo(x + size, y - tip * size * 0.8);
        pen.lineTo(x, y + tip * size * 0.8);
        pen.closePath();
        pen.lineWidth = size * 0.3;
        pen.strokeStyle = pen.fillStyle = colours[side];
        if (tip < 0) pen.fillStyle = colours.surface;
        pen.fill();
        pen.stroke();
      }
      pen.restore();
    }

    function listen(u) {
      const over = u.over;
      const timeAt = (event) => u.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
      const scrub = (event) => setFrame(nearestRow(time, timeAt(event)), "curve");
      over.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        over.setPointerCapture(event.pointerId);
        pause();
        scrub(event);
      });
      over.addEventListener("pointermove", (event) => over.hasPointerCapture(event.pointerId) && scrub(event));
      over.addEventListener("dblclick", () => zoom(...whole));
      over.addEventListener(
        "wheel",
        (event) => {
          if (!event.ctrlKey && !event.metaKey) return; // the wheel alone scrolls
          event.preventDefault();
          const about = clamp(timeAt(event), from, to);
          const factor = Math.exp(clamp(event.deltaY, -200, 200) * 0.002);
          const shift = (event.deltaX / over.clientWidth) * (to - from);
          zoom(about - (about - from) * factor + shift, about + (to - about) * factor + shift);
        },
        { passive: false },
      );
    }

    function zoom(start, end) {
      const span = clamp(end - start, shortest, whole[1] - whole[0]);
      const spare = span - (end - start);
      from = clamp(start - spare / 2, whole[0], whole[1] - span);
      to = from + span;
      stale = true;
      requestDraw();
    }

    function refresh() {
      stale = false;
      const [first, last] = [Math.max(rowAt(time, from) - 1, 0), Math.min(rowAt(time, to) + 2, time.length - 1)];
      for (const { u, curves } of plots) {
        if (!u) continue;
        const width = Math.max(Math.round(u.over.clientWidth || u.width), 50);
        const { data, dense } = thinned(time, curves, first, last, width);
        curves.forEach(({ side }, index) => {
          const series = u.series[3 * index + 3];
          series.dash = side === "right" && !dense ? [7, 3] : undefined;
          series.width = dense ? 1 : 1.75;
        });
        u.setData(data);
      }
    }

    const curves = {
      show(row, source) {
        const now = time[row];
        if ((now < from || now > to) && source !== "curve") {
          const span = to - from;
          zoom(now - span * 0.1, now + span * 0.9);
        }
        if (stale) refresh();
        for (const { u, cursor, dots, curves: lines, readouts } of plots) {
          lines.forEach(({ value, sd: doubt }, index) => {
            const half = doubt ? SIGMAS * doubt[row] : NaN;
            const there = Number.isFinite(value[row]);
            readouts[index].value.textContent = there ? `${number(value[row])}°${Number.isFinite(half) ? ` ± ${number(half)}` : ""}` : "–";
          });
          if (!u) continue;
          const x = u.valToPos(now, "x");
          cursor.hidden = !(now >= from && now <= to);
          cursor.style.transform = `translateX(${x}px)`;
          lines.forEach(({ value }, index) => {
            dots[index].hidden = cursor.hidden || !Number.isFinite(value[row]);
            if (!dots[index].hidden) dots[index].style.transform = `translate(${x}px, ${u.valToPos(value[row], "y")}px)`;
          });
        }
      },
      resize(width, height = 120) {
        for (const { u, box } of plots) {
          const wanted = width ?? box.clientWidth;
          if (u && wanted && (u.width !== wanted || u.height !== height)) u.setSize({ width: wanted, height });
        }
        stale = true;
      },
      recolour() {
        stale = true;
      },
      zoomBy(factor) {
        const about = clamp(time[state.frame], from, to);
        zoom(about - (about - from) * factor, about + (to - about) * factor);
      },
      zoomOut: () => zoom(...whole),
      zoom: () => [from, to],
      cursor: () => plots.filter(({ u }) => u).map(({ u, cursor }) => (cursor.hidden ? null : u.posToVal(new DOMMatrix(cursor.style.transform).e, "x"))),
      drawnPoints: () => plots.filter(({ u }) => u).map(({ u }) => u.data[0].length),
    };
    curves.resize();
    new ResizeObserver(() => {
      if (printing) return;
      curves.resize();
      requestDraw();
    }).observe(host);
    return curves;
  }

  // ---------------------------------------------------------------------------------------------- normalised cycles

  function makeBundles() {
    const host = by("bundles");
    const about = trial.bundles;
    if (!host || !about) return { show() {}, recolour() {}, resize() {} };
    const percent = Array.from({ length: 101 }, (_, index) => index);
    const plots = about.panels.map((panel) => {
      const curves = panel.curves.flatMap(({ side, mean, sd, total, weak }) => {
        const [value, over, whole] = [mean, sd, total].map((values) => values.map((one) => one ?? NaN));
        // the pale band reaches as far as a 90 % interval does, the dark one a standard deviation
        return [
          { side, weak, value, sd: whole },
          { side, weak, value, sd: over.map((one) => one / SIGMAS), bandOnly: true },
        ];
      });
      const box = element("div", { className: "plot", role: "img", "aria-label": `${panel.title} in degrees over the ${about.axis.replace(/, ?%$/, "")}, mean, spread and 90 % interval` });
      const readings = element("div", { className: "readings" });
      for (const { side, n } of panel.curves) {
        readings.append(element("span", { className: `reading ${side}` }, element("b", { text: WORD[side] }), element("span", { text: `n = ${n}` })));
      }
      const head = element("div", { className: "panel-head" }, element("h4", { text: panel.title }), readings);
      host.append(element("figure", { className: "panel" }, head, box));
      const banded = curves.some(({ sd }) => sd?.some(Number.isFinite));
      const { series, bands } = seriesOf(curves, banded);
      const u = new uPlot(
        {
          width: 260,
          height: 170,
          padding: [6, 22, 0, 0],
          legend: { show: false },
          cursor: { show: false },
          scales: { x: { time: false, range: [0, 100] }, y: { range: degrees(curves, 0) } },
          axes: axesOf(" %"),
          series,
          bands,
        },
        thinned(percent, curves, 0, 100, 1000).data,
        box,
      );
      return { u, box };
    });
    const bundles = {
      show() {},
      resize(width, height = 170) {
        for (const { u, box } of plots) u.setSize({ width: width ?? (box.clientWidth || 260), height });
      },
      recolour() {
        for (const { u } of plots) u.redraw(false);
      },
    };
    new ResizeObserver(() => printing || bundles.resize()).observe(host);
    return bundles;
  }

  // ---------------------------------------------------------------------------------------------- playback

  let clock = 0; // seconds of the clip
  let ticked = 0;
  let film;

  /** Rows between which playback stays: the chosen stretch while it is repeated, else the clip. */
  function bounds() {
    const last = trial.time.length - 1;
    if (!state.loop || !state.range) return [0, last];
    return state.range.map((moment) => nearestRow(trial.time, moment));
  }

  function play() {
    if (state.playing || trial.time.length < 2) return;
    const [first, last] = bounds();
    if (state.frame >= last || state.frame < first) setFrame(first, "play");
    state.playing = true;
    clock = trial.time[state.frame];
    ticked = performance.now();
    by("play").setAttribute("aria-label", "Pause");
    by("viewer").classList.add("playing");
    requestAnimationFrame(tick);
  }

  function pause() {
    if (!state.playing) return;
    state.playing = false;
    film.rest();
    by("play").setAttribute("aria-label", "Play");
    by("viewer").classList.remove("playing");
    setFrame(state.frame, "pause"); // the video comes to rest on the very frame
  }

  /** The video is the clock while it covers the moment; before, behind and without it the page's own clock is. */
  function tick(now) {
    if (!state.playing) return;
    const passed = Math.min(Math.max(now - ticked, 0), 250) / 1000;
    ticked = now;
    let source = "clock";
    if (film.covers(clock)) {
      if (!film.running) film.run(clock);
      clock = film.time();
      source = "video";
    } else {
      film.rest();
      clock += passed * state.speed;
    }
    const [first, last] = bounds();
    const row = rowAt(trial.time, clock + 1e-4);
    const over = row > last || clock >= trial.time[last] - 1e-4;
    if (!over) {
      if (row !== state.frame) setFrame(row, source);
    } else if (state.loop) {
      film.rest();
      clock = trial.time[first];
      setFrame(first, "loop");
    } else {
      setFrame(last, source);
      pause();
      return;
    }
    requestAnimationFrame(tick);
  }

  function step(frames) {
    pause();
    setFrame(state.frame + frames, "key");
  }

  function jump(frame, source = "key") {
    clock = trial.time[clamp(frame, 0, trial.time.length - 1)];
    film.rest();
    setFrame(frame, source);
  }

  // ---------------------------------------------------------------------------------------------- controls

  function makeControls(body, curves) {
    const [scrub, range, loop] = [by("scrub"), by("range"), by("loop")];
    const last = trial.time.length - 1;
    scrub.max = last;
    for (const control of [scrub, by("play"), by("back"), by("forward"), by("to-start"), by("to-end"), loop, range, by("speed")]) {
      control.disabled = last < 1;
    }
    const stretches = [];
    const offer = (text, start, end) => {
      range.append(element("option", { text: `${text} (${number(start, 2)}–${number(end, 2)} s)`, value: String(stretches.length) }));
      stretches.push([start, end]);
    };
    for (const side of ["left", "right"]) {
      (trial.cycles ?? []).filter((cycle) => cycle.side === side).forEach(({ start, end }, index) => offer(`${side} cycle ${index + 1}`, start, end));
    }
    (trial.repetitions ?? []).forEach(({ movement, start, end }, index) => offer(`repetition ${index + 1}: ${String(movement).replaceAll("_", " ")}`, start, end));

    const setLoop = (on) => {
      state.loop = on;
      loop.setAttribute("aria-pressed", String(on));
    };
    range.addEventListener("change", () => {
      state.range = stretches[range.value] ?? null;
      setLoop(Boolean(state.range));
      const [first, end] = bounds();
      if (state.frame < first || state.frame > end) jump(first, "loop");
    });
    loop.addEventListener("click", () => setLoop(!state.loop));
    by("play").addEventListener("click", () => (state.playing ? pause() : play()));
    by("back").addEventListener("click", () => step(-1));
    by("forward").addEventListener("click", () => step(1));
    by("to-start").addEventListener("click", () => jump(0));
    by("to-end").addEventListener("click", () => jump(last));
    by("speed").addEventListener("change", (event) => {
      state.speed = Number(event.target.value);
      by("film").playbackRate = state.speed;
    });
    scrub.addEventListener("input", () => {
      pause();
      setFrame(Number(scrub.value), "slider");
    });
    document.querySelectorAll("[data-view]").forEach((button) => button.addEventListener("click", () => body.look(button.dataset.view)));
    document.querySelectorAll("[data-turn]").forEach((button) => button.addEventListener("click", () => body.turn(button.dataset.turn)));
    const zooms = { in: () => curves.zoomBy(0.5), out: () => curves.zoomBy(2), whole: () => curves.zoomOut() };
    document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", zooms[button.dataset.zoom]));
    by("follow").addEventListener("change", (event) => {
      body.follow = event.target.checked;
      requestDraw();
    });

    const keys = {
      " ": () => (state.playing ? pause() : play()),
      ArrowLeft: (event) => step(event.shiftKey ? -10 : -1),
      ArrowRight: (event) => step(event.shiftKey ? 10 : 1),
      Home: () => jump(0),
      End: () => jump(last),
      1: () => body.look("front"),
      2: () => body.look("side"),
      3: () => body.look("top"),
      4: () => body.look("camera"),
      l: () => setLoop(!state.loop),
      "+": zooms.in,
      "-": zooms.out,
      0: zooms.whole,
      "?": () => (by("help").open = !by("help").open),
    };
    const own = { slider: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"], button: [" ", "Enter"] };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const at = event.target;
      if (at.matches?.("select, textarea, input:not([type=range], [type=checkbox]), [contenteditable]")) return;
      if (at.matches?.("input[type=range]") && own.slider.includes(event.key) && !event.shiftKey) return;
      if (at.matches?.("button, summary, a, input[type=checkbox]") && own.button.includes(event.key)) return;
      const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action) return;
      event.preventDefault();
      action(event);
    });

    let [spokenAt, speaking] = [-Infinity, 0];
    const say = () => {
      speaking = 0;
      spokenAt = performance.now();
      by("spoken").textContent = `${number(trial.time[state.frame], 2)} seconds, frame ${trial.frames[state.frame]}`;
    };
    return {
      show(row, source) {
        scrub.value = row;
        const text = `${number(trial.time[row], 3)} s`;
        scrub.setAttribute("aria-valuetext", `${text}, frame ${trial.frames[row]}`);
        by("clock-time").textContent = text;
        by("clock-frame").textContent = `frame ${trial.frames[row]}${trial.thinned > 1 ? `, one of ${trial.thinned} drawn` : ""}`;
        if (state.playing || speaking || source === "start") return; // a screen reader is told where it came to rest, once a second at most
        speaking = setTimeout(say, Math.max(300, 1000 - (performance.now() - spokenAt)));
      },
    };
  }

  // ---------------------------------------------------------------------------------------------- start

  /** On paper: light colours, sizes of a page, the moment that is on the screen. */
  function paper(body, curves, bundles) {
    const stills = [by("film-still"), by("body-still")];
    // neither a video nor WebGL is sure to reach the paper: a copy of the picture is
    const copy = (still, picture, width, height) => {
      Object.assign(still, { width, height, hidden: false });
      still.getContext("2d").drawImage(picture, 0, 0);
    };
    const repaint = () => {
      readColours();
      for (const view of [body, curves, bundles]) view.recolour();
    };
    addEventListener("beforeprint", () => {
      pause();
      printing = true;
      repaint();
      const video = by("film");
      if (trial.video && !video.hidden && video.readyState >= 2) copy(stills[0], video, video.videoWidth, video.videoHeight);
      body.resize(340, 250, 3);
      curves.resize(221, 84);
      bundles.resize(132, 84);
      draw();
      const picture = by("body");
      if (!picture.hidden) copy(stills[1], picture, picture.width, picture.height);
    });
    addEventListener("afterprint", () => {
      printing = false;
      stills.forEach((still) => (still.hidden = true));
      repaint();
      body.resize();
      curves.resize();
      bundles.resize();
      requestDraw();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      repaint();
      requestDraw();
    });
  }

  /** Row of the first frame in which somebody was seen; 0 if nobody ever was. */
  function firstSeen() {
    const { seen } = trial;
    for (let row = 0; row < seen.rows; row++) {
      for (let point = 0; point < seen.columns; point++) if (seen.at(row, point)) return row;
    }
    return 0;
  }

  async function start() {
    trial = await load();
    by("viewer").hidden = false;
    document.body.append(element("div", { id: "paper", hidden: "" }));
    readColours();
    film = makeFilm();
    const body = makeBody();
    const curves = makeCurves();
    const bundles = makeBundles();
    const controls = makeControls(body, curves);
    views = [film, body, curves, controls];
    paper(body, curves, bundles);
    setFrame(firstSeen(), "start");
    // what tests read; nothing of it can be set
    globalThis.report = Object.freeze({
      get frame() { return state.frame; },
      get time() { return trial.time[state.frame]; },
      get frames() { return trial.time.length; },
      get playing() { return state.playing; },
      get loop() { return state.loop; },
      get source() { return state.source; },
      get draws() { return state.drawn; },
      get video() { return film.seen(); },
      get points() { return body.points(); },
      get contact() { return body.contact?.(); },
      get camera() { return body.camera(); },
      get cursor() { return curves.cursor(); },
      get zoom() { return curves.zoom(); },
      get drawn() { return curves.drawnPoints(); },
    });
    document.documentElement.classList.add("ready");
  }

  start().catch((trouble) => {
    by("trouble").hidden = false;
    by("trouble").textContent = `The viewer could not start: ${trouble.message}. The results below are complete.`;
    throw trouble;
  });
})();
