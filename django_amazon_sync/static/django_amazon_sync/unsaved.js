/* Whoever leaves a page on which something was typed and not saved is asked first: by a link, and by
   the buttons of the page's other forms, which would drop it. <form data-amazon-typed>; with the
   value "unsaved" it came back with errors, so what it shows is saved nowhere. */
document.querySelectorAll("form[data-amazon-typed]").forEach((form) => {
  const typed = () => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const before = form.dataset.amazonTyped === "unsaved" ? "" : typed();
  let saves = false;
  form.addEventListener("submit", () => { saves = true; });
  window.addEventListener("pageshow", () => { saves = false; });
  window.addEventListener("beforeunload", (event) => {
    if (!saves && typed() !== before) event.preventDefault();
  });
});
