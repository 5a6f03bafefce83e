"""The user service: profiles (handle, display name, bio) of the accounts that the auth service knows.

A profile comes into being at the first authenticated use by whoever owns the account; the handle is the token's and
never changes. Deleting a profile is one part of deleting an account, which the auth service leads (`services.auth`):
here it frees the handle and leaves a mark, so that an access token that is still running out cannot bring it back.
"""
