"""What the pages say, in Indonesian and English: one row for each text."""

from __future__ import annotations

from hub.auth import scopes

WORDS: dict[str, tuple[str, str]] = {
    "tagline": ("Satu pertanyaan, semua sistem Jawa Tengah", "One question, every system of Central Java"),
    "error": ("Galat", "Error"),
    "sign_in": ("Masuk", "Sign in"),
    "sign_in_for": ("Masuk untuk melanjutkan ke", "Sign in to go on to"),
    "by": ("oleh", "by"),
    "officers": ("Petugas dengan akun hub", "Officers with an account of the hub"),
    "username": ("Nama pengguna", "User name"),
    "password": ("Kata sandi", "Password"),
    "or_through": ("Atau masuk lewat", "Or sign in through"),
    "summary": ("Ada masalah", "There is a problem"),
    "wrong": (
        "Nama pengguna atau kata sandi salah, atau akun ini harus menunggu setelah beberapa kali gagal. "
        "Periksa keduanya dan coba lagi sebentar lagi.",
        "The user name or the password is wrong, or this account has to wait after several failures. "
        "Check both and try again in a moment.",
    ),
    "missing": ("Isi nama pengguna dan kata sandi.", "Enter your user name and your password."),
    "stale": (
        "Halaman ini sudah terlalu lama terbuka atau datang dari situs lain. Tidak ada yang dilakukan; coba lagi.",
        "This page was open for too long or came from another site. Nothing was done; try again.",
    ),
    "stale_title": ("Formulir tidak berlaku lagi", "The form is not valid any more"),
    "busy_title": ("Terlalu banyak percobaan", "Too many attempts"),
    "busy": ("Coba lagi dalam $seconds detik.", "Try again in $seconds seconds."),
    "failed_title": ("Masuk tidak berhasil", "You are not signed in"),
    "failed": (
        "Penyedia tidak mengonfirmasi siapa Anda, atau terlalu lama. Mulai lagi dari awal.",
        "The provider did not confirm who you are, or it took too long. Start again.",
    ),
    "unlinked": (
        "Akun Anda di penyedia ini belum dihubungkan dengan petugas hub, atau sedang ditangguhkan. Minta pengelola hub "
        "menghubungkan identitas ini:",
        "Your account at this provider is not linked to an officer of the hub, or is suspended. Ask whoever operates "
        "the hub to link this identity:",
    ),
    "away": (
        "Penyedia sedang tidak dapat dihubungi. Coba lagi sebentar lagi.",
        "The provider cannot be reached. Try again in a moment.",
    ),
    "again": ("Kembali ke halaman masuk", "Back to the sign-in page"),
    "refused_title": ("Permintaan ditolak", "Request refused"),
    "refused": (
        "Aplikasi mengirim permintaan yang tidak dapat diterima, sehingga Anda tidak dapat melanjutkan. "
        "Sampaikan baris ini kepada pembuat aplikasi:",
        "The app sent a request that cannot be accepted, so you cannot go on from here. "
        "Tell this line to whoever makes the app:",
    ),
    "consent_title": ("Beri izin", "Give your consent"),
    "wants": ("meminta izin Anda untuk:", "asks for your consent to:"),
    "wants_nothing": (
        "tidak akan mendapat izin apa pun: akun Anda tidak memiliki hak yang diminta.",
        "would get nothing: your account has none of the rights it asks for.",
    ),
    "goes_to": ("Jawaban Anda dikirim ke", "Your answer is sent to"),
    "remembered": (
        "Izin ini diingat. Anda dapat mencabutnya kapan saja:",
        "Your consent is remembered. To take it back:",
    ),
    "account": ("halaman akun", "account page"),
    "allow": ("Izinkan", "Allow"),
    "deny": ("Tolak", "Deny"),
    "signed_in_as": ("Anda masuk sebagai", "You are signed in as"),
    "citizen": ("warga", "a citizen"),
    "officer": ("petugas", "an officer"),
    "switch": ("Ganti akun", "Use another account"),
    "account_title": ("Akun Anda", "Your account"),
    "apps": ("Aplikasi yang Anda izinkan", "Apps you gave your consent to"),
    "no_apps": ("Belum ada aplikasi yang Anda izinkan.", "You have not given your consent to any app."),
    "since": ("sejak", "since"),
    "revoke": ("Cabut izin", "Take consent back"),
    "revoked": (
        "Izin dicabut. Aplikasi itu tidak lagi dapat bertindak atas nama Anda.",
        "Your consent was taken back. The app cannot act for you any more.",
    ),
    "sign_out": ("Keluar", "Sign out"),
}

LANGUAGES = {"id": "Bahasa Indonesia", "en": "English"}
_MEANINGS = {scope.name: scope for scope in scopes.SCOPES}


def said(language: str) -> dict[str, str]:
    """Every text in ``language``, which is ``id`` or ``en``."""
    at = 0 if language == "id" else 1
    return {name: told[at] for name, told in WORDS.items()}


def meaning(scope: str, language: str) -> str:
    """What a scope lets somebody do, in plain words."""
    system = scope.removeprefix("records:sync.")
    held = _MEANINGS.get(scope) or scopes.sync_scope(system)
    return held.meaning_id if language == "id" else held.meaning_en
