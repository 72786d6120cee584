// The editor of document lines: add, remove and move rows by buttons, Alt+Arrow keys or the handle; rows that are copied
// from a spreadsheet become lines where they are pasted.
// Rows are numbered by their place before they are sent, so the server sees them in the order shown.

class LineEditor {
  constructor(root) {
    this.root = root;
    this.body = root.querySelector("tbody");
    this.template = root.querySelector("template");
    this.name = root.dataset.lines;
    this.add = root.querySelector("[data-line-add]");
    this.add.hidden = false;
    for (const row of this.rows) this.prepare(row);
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("paste", (event) => this.paste(event));
    this.letDrag();
    this.renumber();
  }

  get rows() {
    return [...this.body.querySelectorAll("[data-line]")];
  }

  prepare(row) {
    row.querySelector(".line-buttons").hidden = false;
    row.querySelector("[data-line-handle]").hidden = false;
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const row = button.closest("[data-line]");
    if (button === this.add) this.append();
    else if (button.matches("[data-line-remove]")) this.remove(row);
    else if (button.matches("[data-line-up]")) this.move(row, -1, button);
    else if (button.matches("[data-line-down]")) this.move(row, 1, button);
  }

  key(event) {
    const row = event.target.closest("[data-line]");
    if (!row || event.target.matches("textarea, select")) return;
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      this.move(row, event.key === "ArrowUp" ? -1 : 1, event.target);
    } else if (event.key === "Enter" && event.target.matches("input") && !event.defaultPrevented) {
      // Enter goes to the next line instead of sending the whole document.
      event.preventDefault();
      const next = row.nextElementSibling;
      if (next) this.focus(next);
      else this.append();
    }
  }

  // A table from a spreadsheet: a product or text first, then quantity, price and discount as far as they are there.
  paste(event) {
    const row = event.target.closest("[data-line]");
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const table = text.replace(/\r?\n$/, "").split(/\r?\n/).map((line) => line.split("\t"));
    if (!row || event.target.matches("textarea") || (table.length === 1 && table[0].length === 1)) return;
    event.preventDefault();
    let place = this.rows.indexOf(row);
    for (const cells of table) {
      if (cells.every((cell) => !cell.trim())) continue;
      const target = this.rows[place] ?? this.append();
      if (!target) break;
      this.lay(target, cells.map((cell) => cell.trim()));
      place += 1;
    }
    this.root.dispatchEvent(new Event("change", { bubbles: true }));
  }

  lay(row, cells) {
    const field = (name) => row.querySelector(`[name$="-${name}"]`);
    const first = field("product-text") ?? field("account-text") ?? field("name") ?? field("description");
    const numbers = ["quantity", "unit_price", "discount", "debit", "credit"].map(field).filter(Boolean);
    const texts = [first, field("name"), field("description"), field("text")];
    const waiting = [...new Set(texts)].filter(Boolean);
    cells.forEach((cell, place) => {
      const isNumber = place > 0 && /^[-+]?[\d.,'\s\u00a0\u202f]+%?$/.test(cell);
      const target = (isNumber ? numbers : waiting).shift();
      if (!target || cell === "") return;
      target.value = isNumber ? cell.replace(/[%\s]/g, "") : cell;
      target.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  // The whole row moves with its handle; the buttons and Alt+Arrow do the same without a mouse.
  letDrag() {
    let dragged = null;
    this.body.addEventListener("pointerdown", (event) => {
      const handle = event.target.closest("[data-line-handle]");
      if (handle) handle.closest("[data-line]").draggable = true;
    });
    this.body.addEventListener("dragstart", (event) => {
      dragged = event.target.closest("[data-line]");
      event.dataTransfer.effectAllowed = "move";
    });
    this.body.addEventListener("dragover", (event) => {
      const over = event.target.closest("[data-line]");
      if (!dragged || !over) return;
      event.preventDefault();
      const box = over.getBoundingClientRect();
      if (event.clientY < box.top + box.height / 2) over.before(dragged);
      else over.after(dragged);
    });
    this.body.addEventListener("dragend", () => {
      if (dragged) dragged.draggable = false;
      dragged = null;
      this.renumber();
      this.root.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  append() {
    if (this.rows.length >= Number(this.root.dataset.most)) return null;
    const row = this.template.content.querySelector("[data-line]").cloneNode(true);
    this.body.append(row);
    this.prepare(row);
    this.renumber();
    row.dispatchEvent(new CustomEvent("portal:added", { bubbles: true }));
    this.focus(row);
    return row;
  }

  remove(row) {
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    if (!neighbour) return this.append();
    this.renumber();
    this.focus(neighbour);
  }

  move(row, step, focus) {
    const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (step < 0) other.before(row);
    else other.after(row);
    this.renumber();
    focus.focus();
  }

  focus(row) {
    row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  }

  renumber() {
    const prefix = new RegExp(`^${this.name}-(\\d+|__row__)(?=-)`);
    this.rows.forEach((row, place) => {
      for (const element of row.querySelectorAll("[name], [id], [aria-describedby], [aria-controls]")) {
        for (const attribute of ["name", "id", "aria-describedby", "aria-controls"]) {
          const value = element.getAttribute(attribute);
          if (value) element.setAttribute(attribute, value.replace(prefix, `${this.name}-${place}`));
        }
      }
    });
  }
}

for (const root of document.querySelectorAll("[data-lines]")) new LineEditor(root);
