// Indonesian and English: each text carries both, and the button shows the other.
const button = document.getElementById("language");

function speak(language) {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-id][data-en]")) {
    element.textContent = element.dataset[language];
  }
  const other = language === "id" ? "en" : "id";
  button.textContent = other === "en" ? "English" : "Bahasa Indonesia";
  button.lang = other;
  document.dispatchEvent(new CustomEvent("language"));
}

button.addEventListener("click", () => {
  localStorage.setItem("language", button.lang);
  speak(button.lang);
});
// The hub has written the page in the language that the browser asks for.
speak(localStorage.getItem("language") ?? document.documentElement.lang);
