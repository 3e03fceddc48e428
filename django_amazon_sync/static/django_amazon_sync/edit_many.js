/* Edit selected: who gives a value means to set it. */
document.querySelectorAll(".amazon-row").forEach((row) => {
  const [how, value] = row.querySelectorAll("select, input, textarea");
  if (!how || !value) return;
  value.addEventListener("input", () => {
    how.value = value.value === "" ? "leave" : "set";
  });
  how.addEventListener("change", () => {
    if (how.value !== "set") value.value = "";
  });
});
