"""Addresses of log-in: of allauth's pages only those that staff need; sign-up is closed."""

from allauth.account import views
from django.urls import path

from prepazka.surfaces.console import lock, own_access_pages
from prepazka.surfaces.console.accounts import (
    CodeAgain,
    LogOut,
    PasswordAgain,
    change_password,
    second_factor_seen,
    wrong_passwords_seen,
)
from prepazka.surfaces.console.second_factor_adapter import activate_totp, replace_totp

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", LogOut.as_view(), name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", views.signup, name="account_signup"),
    path("reauthenticate/", PasswordAgain.as_view(), name="account_reauthenticate"),
    path("password/change/", change_password, name="account_change_password"),
    path("zamek/", lock.unlock_page, name="account_unlock"),
    path("zamek/obrazovka/", lock.lock_state, name="account_screen"),
    path("zamek/zamknout/", lock.lock_session, name="account_lock"),
    path("zamek/odhlasit/", lock.log_out, name="account_lock_log_out"),
    path("pristupy/", own_access_pages.sessions_and_keys, name="account_access"),
    path("pristupy/konec/", own_access_pages.end_other_sessions, name="account_sessions_end"),
    path("pristupy/<int:session>/konec/", own_access_pages.end_session, name="account_session_end"),
    path(
        "pristupy/klice/<int:api_token>/konec/",
        own_access_pages.end_token,
        name="account_token_end",
    ),
    path(
        "pristupy/klice/<int:api_token>/povolit/",
        own_access_pages.allow_token,
        name="account_token_allow",
    ),
    # Before allauth's own of the same names.
    path("2fa/totp/activate/", activate_totp, name="mfa_activate_totp"),
    path("2fa/reauthenticate/", CodeAgain.as_view(), name="mfa_reauthenticate"),
    path("2fa/vymena/", replace_totp, name="mfa_replace_totp"),
    path("2fa/zruseno/", second_factor_seen, name="account_second_factor_seen"),
    path("hesla/precteno/", wrong_passwords_seen, name="account_wrong_passwords_seen"),
]
