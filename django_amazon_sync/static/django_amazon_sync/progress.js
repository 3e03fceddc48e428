/* Shows how far a run is while it is at work. The page says all of it without this file too, for
   the moment at which it was made. A panel is <section data-amazon-run="address of its state">. */
(function () {
  "use strict";

  const FIRST_WAIT = 700; // milliseconds; a little longer each time, as short runs end soon
  const LONGEST_WAIT = 5000;
  const TRIES = 5; // answers in a row that may be missing

  function show(panel, state) {
    const part = (name) => panel.querySelector(`[data-show="${name}"]`);
    for (const name of ["label", "sentence", "progress"]) {
      // Only what changed: what is written anew is read out anew.
      if (part(name).textContent !== state[name]) {
        part(name).textContent = state[name];
      }
    }
    const bar = part("bar");
    bar.hidden = state.planned === null || state.ended;
    bar.max = Math.max(state.planned || 1, 1);
    bar.value = state.done;
    part("counts").replaceChildren(
      ...state.counts.map((one) => filled("li", `${one.name}: ${one.number}`))
    );
    part("lines").replaceChildren(...state.lines.map(row));
    part("lines").closest("table").hidden = !state.lines.length;
  }

  function row(line) {
    const tr = document.createElement("tr");
    const cells = ["subject", "store", "outcome", "values", "message"];
    tr.append(...cells.map((name) => filled("td", line[name])));
    return tr;
  }

  function filled(tag, text) {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  }

  function follow(panel, wait, missing) {
    window.setTimeout(async function () {
      let state = null;
      try {
        const answer = await fetch(panel.dataset.amazonRun, { credentials: "same-origin" });
        state = answer.ok ? await answer.json() : null;
      } catch {
        state = null;
      }
      if (state) {
        show(panel, state);
      } else if (missing + 1 >= TRIES) {
        panel.querySelector('[data-show="sentence"]').textContent = panel.dataset.lost;
        return;
      }
      if (state && state.ended) {
        finish(panel, state);
      } else {
        follow(panel, Math.min(wait * 1.3, LONGEST_WAIT), state ? 0 : missing + 1);
      }
    }, wait);
  }

  /* What waits for the end of the run, such as a button that does what was only looked at. */
  function finish(panel, state) {
    panel.removeAttribute("data-amazon-run");
    if (state.state === "done") {
      panel.querySelectorAll("[data-when-done]").forEach((element) => {
        element.hidden = false;
      });
    }
  }

  function begin() {
    document.querySelectorAll("[data-amazon-run]").forEach((panel) => {
      follow(panel, FIRST_WAIT, 0);
    });
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", begin);
  } else {
    begin();
  }
})();
