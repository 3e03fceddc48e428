/* Edit selected: who gives a value means to set it. */
document.querySelectorAll(".amazon-row").forEach((row) => {
  const [how, ...values] = row.querySelectorAll("select, input, textarea");
  values.forEach((value) => {
    value.addEventListener("input", () => {
      how.value = values.every((one) => one.value === "") ? "leave" : "set";
    });
  });
  if (values.length) how.addEventListener("change", () => {
    if (how.value !== "set") values.forEach((value) => { value.value = ""; });
  });
});
