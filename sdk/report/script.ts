/**
 * The only script of the page: shows the filter, which is hidden without it, and hides rows that do not match it.
 * The page is complete without it.
 */
export const SCRIPT = `
(() => {
  "use strict";
  const [filter, find, all, unfold, said] = ["filter", "words", "show-all", "open-all", "shown"].map((id) =>
    document.getElementById(id));
  const boxes = [...filter.querySelectorAll("[type=checkbox]")];
  const rows = [...document.querySelectorAll("tr[data-status]")].map((row) => ({
    row,
    details: document.getElementById("details-" + row.dataset.index),
    status: row.dataset.status,
    text: row.dataset.find.toLowerCase(),
  }));
  const apply = () => {
    const wanted = new Set(boxes.flatMap(({ checked, value }) => (checked ? value : [])));
    const words = find.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, details, status, text } of rows) {
      const fits = (wanted.size === 0 || wanted.has(status)) && words.every((word) => text.includes(word));
      row.hidden = details.hidden = !fits;
      if (fits) shown += 1;
    }
    said.textContent = shown === rows.length ? "" : shown + " of " + rows.length + " shown";
  };
  filter.addEventListener("input", apply);
  all.addEventListener("click", () => {
    find.value = "";
    for (const box of boxes) box.checked = false;
    apply();
  });
  unfold.addEventListener("click", () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    unfold.setAttribute("aria-pressed", String(open));
    for (const details of document.querySelectorAll("details")) details.open = open;
  });
  filter.hidden = false;
  apply();
})();
`;
