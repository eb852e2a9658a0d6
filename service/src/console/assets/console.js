// Comfort only: every page works without it.
"use strict";

// Moments in the reader's own time; the exact one stays in reach.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.valueOf())) continue;
  time.title = time.textContent;
  time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

// Nobody leaves a changed form by accident.
for (const form of document.querySelectorAll("form[data-guard]")) {
  const said = form.querySelector("[data-unsaved]");
  const first = () => new URLSearchParams(new FormData(form)).toString();
  const before = first();
  let sent = false;
  // What the page came with may be a draft already.
  const changed = () => !sent && ("draft" in form.dataset || first() !== before);
  form.addEventListener("input", () => {
    if (said) said.textContent = changed() ? said.dataset.unsaved : "";
  });
  form.addEventListener("submit", () => (sent = true));
  window.addEventListener("beforeunload", (event) => changed() && event.preventDefault());
}

// A link that somebody hands on says where this service is.
for (const link of document.querySelectorAll("[data-here]")) link.textContent = location.origin + link.dataset.here;

// The secret of an invitation stands behind `#`, which is sent nowhere. It goes into its field, and out of the address.
for (const field of document.querySelectorAll("[data-fragment]")) {
  if (field.value || location.hash.length < 2) continue;
  field.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}

// On a phone the menu is a line that is longer than the screen: it begins where one is.
for (const here of document.querySelectorAll(".tabs [aria-current]")) {
  const line = here.closest(".tabs");
  line.scrollLeft = here.offsetLeft - line.offsetLeft - (line.clientWidth - here.offsetWidth) / 2;
}
