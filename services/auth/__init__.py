"""The auth service: accounts (e-mail, handle, password), sessions and their tokens.

Who may call whom: the gateway calls auth; auth calls user (never the other way round), as the user, with the user's own
access token. Two journeys need both services, and auth leads them:

* Registering creates the account here, then asks the user service for the profile. That may fail without harm: the
  profile is created at its owner's first use anyway.
* Deleting an account is `DELETE /v1/auth/account`, to which the gateway routes the public `DELETE /v1/users/me`. The
  profile goes first, then the account with all its sessions; each step may be repeated after a failure in between.

What ending a session means: its refresh token dies at once. An access token is verified without asking anybody, so one
that is already out works until it expires, at most `ACCESS_TOKEN_LIFETIME_S` later; that is why it is short-lived.
"""
