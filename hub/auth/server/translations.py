"""The texts of the pages, in Indonesian and English."""

from __future__ import annotations

from hub.auth import scopes

TEXTS: dict[str, tuple[str, str]] = {
    "tagline": ("Satu pertanyaan, semua sistem Jawa Tengah", "One question, every system of Central Java"),
    "error": ("Galat", "Error"),
    "sign_in": ("Masuk", "Sign in"),
    "sign_in_for": ("Masuk untuk melanjutkan ke", "Sign in to continue to"),
    "by": ("oleh", "by"),
    "officers": ("Petugas dengan akun hub", "Officers with a hub account"),
    "username": ("Nama pengguna", "User name"),
    "password": ("Kata sandi", "Password"),
    "or_through": ("Atau masuk melalui", "Or sign in with"),
    "summary": ("Ada masalah", "There is a problem"),
    "wrong": (
        "Nama pengguna atau kata sandi salah, atau percobaan masuk ditunda setelah beberapa kali gagal. "
        "Periksa keduanya dan coba lagi beberapa saat lagi.",
        "The user name or the password is wrong, or attempts are delayed after several failures. "
        "Check both and try again in a moment.",
    ),
    "missing": ("Isi nama pengguna dan kata sandi.", "Enter your user name and your password."),
    "stale": (
        "Halaman ini terbuka terlalu lama atau berasal dari situs lain. Tidak ada perubahan; silakan coba lagi.",
        "This page was open for too long or came from another site. Nothing was changed; try again.",
    ),
    "stale_title": ("Formulir tidak berlaku lagi", "The form is no longer valid"),
    "busy_title": ("Terlalu banyak percobaan", "Too many attempts"),
    "busy": ("Silakan coba lagi dalam $seconds detik.", "Try again in $seconds seconds."),
    "failed_title": ("Gagal masuk", "Sign-in failed"),
    "failed": (
        "Penyedia tidak mengonfirmasi identitas Anda, atau waktunya habis. Silakan mulai lagi dari awal.",
        "The provider did not confirm your identity, or it took too long. Start again.",
    ),
    "unlinked": (
        "Akun Anda di penyedia ini belum dihubungkan dengan petugas hub, atau sedang ditangguhkan. Mintalah operator "
        "hub menghubungkan identitas ini:",
        "Your account at this provider is not linked to an officer of the hub, or is suspended. Ask the operator of "
        "the hub to link this identity:",
    ),
    "away": (
        "Penyedia sedang tidak dapat dihubungi. Silakan coba lagi beberapa saat lagi.",
        "The provider cannot be reached. Try again in a moment.",
    ),
    "again": ("Kembali ke halaman masuk", "Back to the sign-in page"),
    "refused_title": ("Permintaan ditolak", "Request refused"),
    "refused": (
        "Aplikasi mengirim permintaan yang tidak sah, sehingga Anda tidak dapat melanjutkan. "
        "Sampaikan pesan ini kepada pengembang aplikasi:",
        "The app sent an invalid request, so you cannot continue. Send this message to the developer of the app:",
    ),
    "second_title": ("Faktor kedua", "Second factor"),
    "second_text": (
        "Buka aplikasi autentikator Anda dan isi kode enam angka untuk Simpul yang tampil sekarang.",
        "Open your authenticator app and enter the six digits that it shows for Simpul now.",
    ),
    "code": ("Kode enam angka", "Six-digit code"),
    "wrong_code": (
        "Kode salah, sudah dipakai, atau percobaan masuk ditunda setelah beberapa kali gagal. "
        "Tunggu kode berikutnya dan periksa jam ponsel Anda.",
        "The code is wrong, was already used, or attempts are delayed after several failures. "
        "Wait for the next code, and check the clock of your phone.",
    ),
    "lost": ("Tidak ada ponsel?", "No access to your phone?"),
    "recovery": ("Kode pemulihan", "Recovery code"),
    "lost_text": (
        "Setiap kode pemulihan berlaku satu kali. Kosongkan kode enam angka. "
        "Tanpa kode pemulihan, hubungi operator hub.",
        "Each recovery code is valid once. Leave the six-digit code empty. Without one, ask the operator of the hub.",
    ),
    "setup_title": ("Pasang faktor kedua", "Set up a second factor"),
    "setup_required": (
        "Akun Anda dapat membaca identitas pelapor. Oleh karena itu, Anda juga memerlukan kode dari ponsel Anda "
        "untuk masuk.",
        "Your account can read the identity of reporters. Therefore you also need a code from your phone to sign in.",
    ),
    "setup_why": (
        "Setelah ini, Anda memerlukan kata sandi dan kode dari ponsel Anda untuk masuk. "
        "Semua sesi dan izin aplikasi diakhiri.",
        "From then on you need your password and a code from your phone to sign in. "
        "All other sessions and consents end.",
    ),
    "setup_open": (
        "Pasang aplikasi autentikator di ponsel Anda. Jika halaman ini terbuka di ponsel itu:",
        "Install an authenticator app on your phone. If this page is open on that phone:",
    ),
    "setup_link": ("tambahkan ke aplikasi", "add to the app"),
    "setup_enter": (
        "Jika tidak, tambahkan akun berbasis waktu di aplikasi dan ketik kunci ini:",
        "Otherwise add a time-based account in the app, and enter this key:",
    ),
    "setup_confirm": (
        "Isi kode yang kemudian ditampilkan aplikasi.",
        "Enter the code that the app then shows.",
    ),
    "setup_done": ("Pasang", "Set up"),
    "setup_ok": ("Faktor kedua terpasang.", "Your second factor is set up."),
    "recovery_title": ("Kode pemulihan Anda", "Your recovery codes"),
    "recovery_text": (
        "Simpan kode ini di tempat aman, terpisah dari ponsel Anda. Kode hanya ditampilkan sekarang; setiap kode dapat "
        "dipakai sekali untuk masuk tanpa ponsel.",
        "Store these codes in a safe place, apart from your phone. They are shown only now; with each you can sign in "
        "once without your phone.",
    ),
    "go_on": ("Lanjutkan", "Continue"),
    "factor_on": ("Faktor kedua terpasang. Sisa kode pemulihan:", "A second factor is set up. Recovery codes left:"),
    "factor_off": ("Belum ada faktor kedua.", "There is no second factor yet."),
    "factor_set": ("Pasang", "Set up"),
    "factor_replace": ("Ganti ponsel atau kode pemulihan", "Replace the phone or the recovery codes"),
    "factor_recent": (
        "Jika Anda masuk lebih dari sepuluh menit yang lalu, Anda harus masuk kembali terlebih dahulu.",
        "If you signed in more than ten minutes ago, you must sign in again first.",
    ),
    "consent_title": ("Beri izin", "Give your consent"),
    "wants": ("meminta izin Anda untuk:", "asks for your consent to:"),
    "wants_nothing": (
        "tidak akan mendapat izin apa pun: akun Anda tidak memiliki hak akses yang diminta.",
        "would get no access: your account has none of the rights that it requests.",
    ),
    "goes_to": ("Keputusan Anda dikirim ke", "Your decision is sent to"),
    "remembered": (
        "Izin ini disimpan. Anda dapat mencabutnya kapan saja:",
        "Your consent is stored. You can withdraw it at any time:",
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
    "revoke": ("Cabut izin", "Withdraw consent"),
    "revoked": (
        "Izin dicabut. Aplikasi itu tidak lagi dapat bertindak atas nama Anda.",
        "Your consent is withdrawn. The app can no longer act for you.",
    ),
    "sign_out": ("Keluar", "Sign out"),
}

LANGUAGES = {"id": "Bahasa Indonesia", "en": "English"}
_MEANINGS = {scope.name: scope for scope in scopes.SCOPES}


def texts(language: str) -> dict[str, str]:
    """Return all texts in ``language``, which is ``id`` or ``en``."""
    index = 0 if language == "id" else 1
    return {name: translations[index] for name, translations in TEXTS.items()}


def meaning(scope: str, language: str) -> str:
    """Return what a scope permits, in plain words."""
    system = scope.removeprefix("records:sync.")
    found = _MEANINGS.get(scope) or scopes.sync_scope(system)
    return found.meaning_id if language == "id" else found.meaning_en
