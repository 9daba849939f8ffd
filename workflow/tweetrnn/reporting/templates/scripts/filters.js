// Lists above a table, each of which keeps the rows with one value of a column.

for (const bar of document.querySelectorAll(".filters")) {
  const table = tools.find(({ box }) => box.id === `table-${bar.dataset.table}`);
  const lists = [...bar.querySelectorAll("select")];
  const count = bar.querySelector("[role=status]");
  const fits = (row) => ({ value, dataset }) =>
    !value || row.cells[dataset.column].textContent.trim() === value;
  const show = () => {
    table.wanted = table.rows.filter((row) => lists.every(fits(row)));
    table.page = 0;
    table.show();
    count.textContent = `${table.wanted.length || "none"} of ${table.rows.length} tweets`;
  };
  for (const list of lists) list.onchange = show;
  bar.hidden = false;
  show();
}
