/* On a telephone each row of a list is a card: a cell says there what its column's head says. A theme
   that labels its cells itself is left alone. */
for (const table of document.querySelectorAll("#result_list, [data-amazon-narrow]")) {
  if (table.querySelector("tbody [data-label]")) {
    continue;
  }
  table.classList.add("amazon-narrow");
  const heads = [...table.querySelectorAll("thead th")].map((head) =>
    (head.querySelector(".text") || head).textContent.trim()
  );
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.cells].forEach((cell, place) => {
      if (cell.querySelector("input, select, textarea") && !cell.textContent.trim()) {
        return;
      }
      if (["", "-", "–"].includes(cell.textContent.trim()) && !cell.children.length) {
        cell.classList.add("amazon-empty");
      } else if (heads[place]) {
        cell.dataset.label = heads[place];
      }
    });
  }
}
