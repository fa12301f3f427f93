// Texts in the page. Whatever comes from the wire goes through here, as text and never as markup.

/** Sets a text, and touches the page only if it is another one. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An element of this kind with a class and a text. */
export function make(kind, className = "", text = "") {
  const element = document.createElement(kind);
  element.className = className;
  element.textContent = text;
  return element;
}

/** The element with this id, which the page has. */
export function byId(id) {
  return document.getElementById(id);
}
