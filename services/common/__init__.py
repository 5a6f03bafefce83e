"""The service defaults: everything that the four services share, so that a service contains only its domain.

A service is built from it in five steps (`services.user` is the shortest example):

1. `settings.py`: a class derived from `StoredServiceSettings` (with a database) or `ServiceSettings`, with
   `service_name` set; `load_settings(MySettings)` reads the environment once.
2. `errors.py`: domain errors derived from the classes in `services.common.errors`; `error_responses(...)` documents
   them on a route.
3. `repository.py`: the only place with SQL, on `Database.session()` (writes: rolls back unless `commit()` is called)
   or `Database.reader()` (hot reads: autocommit, plain rows).
4. `endpoints.py`: an `APIRouter`; `Authenticated` gives the `Principal` of the verified bearer token;
   `get_resources(request)` gives database, cache and HTTP client.
5. `app.py`: `create_app()` returns `create_service_app(settings, title=..., routers=[...], wire=...)`, where `wire`
   puts the service's own objects on `app.state` from the opened `Resources`.

It is started by `python -m services.common.server services.user.app:create_app`, migrated by
`python -m services.common.migrate services.user`, and judged by `/livez`, `/readyz` and `/metrics` on its management
port. Every name that telemetry shows stands in `services.common.telemetry.registry`.
"""
