// Texts in the page. All text from the server is inserted here, as text and never as markup.

/** Sets the text of an element, if it differs. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Creates an element with a class and a text. */
export function make(kind, className = "", text = "") {
  const element = document.createElement(kind);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Returns the element with this id, which exists. */
export function byId(id) {
  return document.getElementById(id);
}
