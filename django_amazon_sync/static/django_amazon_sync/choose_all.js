/* A box above a column of boxes chooses them all: <input data-choose-all="name of the boxes">. */
for (const all of document.querySelectorAll("[data-choose-all]")) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const one of all.form.elements) {
      if (one.name === all.dataset.chooseAll) {
        one.checked = all.checked;
      }
    }
  });
}
