// What is typed: read, and said to be wrong beside its field.

const by = (id) => document.getElementById(id);

/** The text of a field, without blanks around it; undefined when it is empty. */
export const text = (id) => by(id).value.trim() || undefined;

/** Fills a field in. */
export const fill = (id, value) => {
  by(id).value = value ?? "";
};

/** The choice of a group of radio buttons. */
export const choice = (name) => document.querySelector(`input[name="${name}"]:checked`).value;

/** Says what is wrong with a field, or nothing any more. */
export function complain(id, words, field) {
  const place = by(id);
  place.textContent = words ?? "";
  place.hidden = words === undefined;
  if (field === undefined) return;
  if (words === undefined) by(field).removeAttribute("aria-invalid");
  else {
    by(field).setAttribute("aria-invalid", "true");
    by(field).focus();
  }
}

/** What is wrong with an address; undefined when it can be asked. */
export function faultOf(address) {
  if (address === undefined) return "Paste an address.";
  let url;
  try {
    url = new URL(address);
  } catch {
    return "This is no whole address: it begins with https://.";
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return `${url.protocol} is followed by nobody: use an https address.`;
  if (url.username || url.password) return "Take the user name and the password out: they would be in every log.";
  if (url.hash) return "Take out what follows the #: it isn’t sent.";
  return undefined;
}

/** Does something when a form is sent, instead of what browsers do. A second press while it is done changes nothing. */
export function onSubmit(id, does) {
  let isBusy = false;
  by(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy) return;
    isBusy = true;
    try {
      await does();
    } finally {
      isBusy = false;
    }
  });
}

/** Does something when a button is pressed. */
export function onPress(id, does) {
  by(id).addEventListener("click", () => does());
}
