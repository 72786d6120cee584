// The editor of document lines: add, remove and move rows by buttons or Alt+Arrow keys.
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
    this.renumber();
  }

  get rows() {
    return [...this.body.querySelectorAll("[data-line]")];
  }

  prepare(row) {
    row.querySelector(".line-buttons").hidden = false;
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

  append() {
    if (this.rows.length >= Number(this.root.dataset.most)) return;
    const row = this.template.content.querySelector("[data-line]").cloneNode(true);
    this.body.append(row);
    this.prepare(row);
    this.renumber();
    row.dispatchEvent(new CustomEvent("portal:added", { bubbles: true }));
    this.focus(row);
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
