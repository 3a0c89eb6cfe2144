// Elements and texts. What is shown is always text: nothing here is parsed as markup.

/** An element; `on` holds listeners, other keys are attributes, absent values leave them out. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value === true) {
      element.setAttribute(key, "");
    } else if (value !== undefined && value !== null && value !== false) {
      element.setAttribute(key, value);
    }
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(4).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Replaces what is in an element. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
}

/** Text with `code` in backticks. */
export function inline(text) {
  return String(text ?? "").split("`").map((piece, at) => (at % 2 ? el("code", {}, piece) : piece));
}

/** Paragraphs, divided by empty lines. */
export function prose(text) {
  const paragraphs = String(text ?? "").split(/\n\s*\n/).filter((piece) => piece.trim());
  return paragraphs.map((piece) => el("p", {}, inline(piece.trim())));
}

/** A heading that can be linked to. */
export function heading(level, text, id) {
  return el(`h${level}`, { id }, inline(text));
}

/** A table with a caption for who cannot see where it stands; cells may be nodes. */
export function table(caption, heads, rows) {
  const cell = (value, at) => el(at === 0 ? "th" : "td", at === 0 ? { scope: "row" } : {}, value);
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {},
      el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell))))));
}

/** Says something to who does not see it happen. */
export function say(text) {
  const said = document.getElementById("said");
  said.textContent = "";
  // A change that screen readers notice even where the text is the same.
  setTimeout(() => { said.textContent = text; }, 50);
}

/** A button that copies a text. */
export function copier(label, text) {
  const button = el("button", { type: "button", class: "small" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
      say("Copied.");
    } catch {
      button.textContent = "Cannot copy here";
    }
    setTimeout(() => { button.textContent = label; }, 1600);
  });
  return button;
}

/** The chip of a method. */
export function method(name) {
  return el("span", { class: `method ${name.toLowerCase()}` }, name);
}
