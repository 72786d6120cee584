// Choosing one of many: an input that searches while one types, after the combobox pattern of WAI-ARIA.
// The chosen value stands in the hidden input before it; without scripts the server reads the text.

const DELAY = 200;

class Combobox {
  constructor(root) {
    this.root = root;
    this.value = root.querySelector("input[type=hidden]");
    this.input = root.querySelector("input[type=text]");
    this.chosenText = this.input.value;
    this.options = [];
    this.active = -1;
    this.list = document.createElement("ul");
    this.list.className = "combobox-list";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", this.input.labels?.[0]?.textContent ?? this.input.ariaLabel ?? "");
    this.list.hidden = true;
    root.append(this.list);
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-expanded", "false");
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.leave());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.clicked(event));
  }

  typed() {
    this.value.value = "";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), DELAY);
  }

  async search() {
    this.fetching?.abort();
    this.fetching = new AbortController();
    const url = new URL(this.root.dataset.combobox, document.baseURI);
    url.searchParams.set("q", this.input.value.trim());
    try {
      const answer = await fetch(url, { signal: this.fetching.signal, headers: { Accept: "application/json" } });
      if (answer.ok) this.show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  show(options) {
    this.options = options;
    this.list.replaceChildren(...options.map((option, place) => this.drawn(option, place)));
    this.list.id = `${this.input.id}-list`;
    this.input.setAttribute("aria-controls", this.list.id);
    const open = options.length > 0 && document.activeElement === this.input;
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.point(open ? 0 : -1);
  }

  drawn(option, place) {
    const item = document.createElement("li");
    item.setAttribute("role", "option");
    item.dataset.place = place;
    const label = document.createElement("span");
    label.textContent = option.label;
    const hint = document.createElement("span");
    hint.className = "hint";
    hint.textContent = option.hint;
    item.append(label, hint);
    return item;
  }

  point(place) {
    this.active = place;
    [...this.list.children].forEach((item, index) => {
      item.id = `${this.input.id}-option-${index}`;
      item.setAttribute("aria-selected", String(index === place));
    });
    const item = this.list.children[place];
    if (item) {
      this.input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  key(event) {
    const open = !this.list.hidden;
    if (event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return void this.search();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.point((this.active + step + this.options.length) % this.options.length);
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      this.choose(this.options[this.active]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      this.close();
    }
  }

  clicked(event) {
    const item = event.target.closest("[data-place]");
    if (item) this.choose(this.options[Number(item.dataset.place)]);
  }

  choose(option) {
    if (!option) return;
    this.value.value = option.value;
    this.input.value = option.label;
    this.chosenText = option.label;
    this.close();
    this.fill(option.fill ?? {});
    this.root.dispatchEvent(new CustomEvent("portal:chosen", { bubbles: true, detail: option }));
  }

  // Fills fields beside it (of the same line or form), but never over what a person typed.
  fill(values) {
    const around = this.root.closest("[data-line], form");
    for (const [name, value] of Object.entries(values)) {
      const field = around.querySelector(`[name="${name}"], [name$="-${name}"]`);
      if (field && (field.value === "" || field.dataset.filled === field.value)) {
        field.value = value;
        field.dataset.filled = value;
      }
    }
  }

  leave() {
    clearTimeout(this.timer);
    this.fetching?.abort();
    this.close();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

const made = new WeakSet();

function enhance(part) {
  for (const root of part.querySelectorAll("[data-combobox]")) {
    if (made.has(root) || !root.dataset.combobox) continue;
    made.add(root);
    new Combobox(root);
  }
}

enhance(document);
document.addEventListener("portal:added", (event) => enhance(event.target));
document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
