// Lists above a table, each of which keeps the rows with one value. A list has the place of each row's
// value, in the order that the rows have in the page.

for (const bar of document.querySelectorAll(".filters[data-table]")) {
  const table = tools.find(({ box }) => box.id === `table-${bar.dataset.table}`);
  const all = [...table.rows];
  const count = bar.querySelector("[role=status]");
  const lists = [...bar.querySelectorAll("select")].map((list) => {
    const values = list.dataset.rows.split(",");
    return { list, valueOf: new Map(all.map((row, at) => [row, values[at]])) };
  });
  const show = () => {
    table.filter((row) => lists.every(({ list, valueOf }) => list.value === "" || valueOf.get(row) === list.value));
    count.textContent = `${table.wanted.length || "none"} of ${all.length} tweets`;
  };
  bar.addEventListener("change", show);
  bar.hidden = false;
  show();
}
