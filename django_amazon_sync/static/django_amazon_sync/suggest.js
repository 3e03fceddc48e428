/* Searches Amazon's catalogue beside the fields for keyword and browse nodes, which can be typed
   without it just as well. A part of the page is <div data-amazon-suggest="account:marketplace">. */
(function () {
  "use strict";

  function begin() {
    document.querySelectorAll("[data-amazon-suggest]").forEach((part) => {
      const words = part.querySelector("input");
      part.hidden = false;
      part.querySelector("button").addEventListener("click", () => search(part, words.value));
      words.addEventListener("keydown", (event) => {
        if (event.key === "Enter") {
          event.preventDefault(); // it is no part of the form around it
          search(part, words.value);
        }
      });
    });
  }

  async function search(part, words) {
    const query = new URLSearchParams({
      suggest: words,
      marketplace: part.dataset.amazonSuggest,
      offer: part.dataset.offer,
    });
    const say = part.querySelector('[role="status"]');
    say.textContent = "…";
    let found;
    try {
      found = await (await fetch(`?${query}`, { credentials: "same-origin" })).json();
    } catch {
      found = { error: part.dataset.lost };
    }
    show(part, say, found);
  }

  function show(part, say, found) {
    const choices = [];
    for (const keyword of found.keywords || []) {
      choices.push(
        choice(`${part.dataset.useKeyword}: ${keyword}`, () => {
          document.getElementById(part.dataset.keyword).value = keyword;
        })
      );
    }
    for (const node of found.nodes || []) {
      choices.push(
        choice(`${part.dataset.useNode}: ${node.path} (${node.number})`, () => {
          add(document.getElementById(part.dataset.nodes), node.number);
        })
      );
    }
    part.querySelector("ul").replaceChildren(...choices);
    const types = (found.product_types || []).map((one) => one.label);
    const named = types.length ? `${part.dataset.types}: ${types.join(", ")}` : "";
    say.textContent = found.error || named || (choices.length ? "" : part.dataset.nothing);
  }

  function choice(text, use) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", use);
    item.append(button);
    return item;
  }

  function add(field, number) {
    const there = field.value.split(",").map((one) => one.trim()).filter(Boolean);
    if (!there.includes(number)) {
      field.value = [...there, number].join(", ");
    }
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", begin);
  } else {
    begin();
  }
})();
