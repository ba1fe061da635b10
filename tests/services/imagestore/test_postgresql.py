"""The image store on PostgreSQL: the same answers, also where writers really run side by side."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import create_engine, inspect

from services.imagestore.app import MIGRATIONS
from services.imagestore.tables import metadata
from shared.database import make_engine, migrate
from tests.postgres import NewDatabase, Postgres
from tests.services.imagestore.store import MakeStore, Store, picture, problem


def on_postgres(make_store: MakeStore, url: str, **given: object) -> Store:
    """A store on that database."""
    return make_store(database_url=url, **given)


def test_the_life_of_an_image(make_store: MakeStore, new_database: NewDatabase) -> None:
    store = on_postgres(make_store, new_database())
    done = store.upload(("b.png", picture(1)), ("Été 1.png", picture(2)), ("a.png", picture(1)))
    assert done.status_code == 201
    assert store.put_image("b.png", picture(3)).json()["version"] == 2
    store.patch("/v1/images/a.png", json={"tags": ["sea", "Sun"]})
    assert store.names(sort="name") == ["a.png", "b.png", "Été_1.png"]
    assert store.names(sort="-size", q="été") == ["Été_1.png"]
    assert store.names(prefix="b") == ["b.png"]
    assert store.names(tag="sea") == ["a.png"]
    assert store.names(q="sUN") == ["a.png"]
    assert store.get("/v1/tags").json()["items"] == [{"tag": "Sun", "images": 1}, {"tag": "sea", "images": 1}]
    assert store.get("/v1/images/b.png/content").content == picture(3)
    assert [v["version"] for v in store.get("/v1/images/b.png/versions").json()["items"]] == [2, 1]
    first = store.get("/v1/images?sort=name&limit=2").json()
    assert store.names(sort="name", limit=2, cursor=first["next_cursor"]) == ["Été_1.png"]
    places = store.get("/v1/landmarks", params={"sort": "name", "at": "b.png"}).json()
    assert (places["total"], places["cursors"], places["at"]) == (3, [], 1)
    store.delete("/v1/images/a.png")
    (trashed,) = store.get("/v1/trash").json()["items"]
    assert problem(store.get("/v1/images/a.png")) == (404, "image_not_found")
    assert store.post(f"/v1/trash/{trashed['id']}/restore").json()["tags"] == ["Sun", "sea"]
    link = store.post("/v1/links", json={"names": ["a.png"]}).json()
    assert store.get(link["url"].removeprefix("https://photos.example")).content == picture(1)
    assert store.delete("/v1/trash").json() == {"purged": 0}
    assert store.get("/readyz").json() == {"status": "ready", "checks": {"database": "ok", "blobs": "ok"}}
    assert [event["type"].rpartition(".")[2] for event in store.events()] == [
        "created", "created", "created", "updated", "updated", "deleted", "restored", "created",
    ]  # fmt: skip


def test_content_is_never_old(make_store: MakeStore, new_database: NewDatabase) -> None:
    store = on_postgres(make_store, new_database())
    for seed in range(5):
        store.put_image("a.png", picture(seed))
        assert store.get("/v1/images/a.png/content").content == picture(seed)


def test_two_replicas_and_one_name(make_store: MakeStore, new_database: NewDatabase) -> None:
    """Both write the same names at the same time; one creates each, and none crashes."""
    url = new_database()
    replicas = [on_postgres(make_store, url), on_postgres(make_store, url)]

    def put(number: int) -> int:
        return (
            replicas[number % 2]
            .put_image(f"{number // 8}.png", picture(number), If_None_Match="*")
            .status_code
        )

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(put, range(32)))
    assert sorted(statuses) == [201] * 4 + [412] * 28
    assert replicas[1].names(sort="name") == ["0.png", "1.png", "2.png", "3.png"]
    events = replicas[0].events()
    assert [event["type"] for event in events] == ["imagestore.image.created"] * 4


def test_two_replicas_rename_to_one_name(make_store: MakeStore, new_database: NewDatabase) -> None:
    url = new_database()
    replicas = [on_postgres(make_store, url), on_postgres(make_store, url)]
    replicas[0].upload(*((f"{n}.png", picture(n)) for n in range(8)))

    def rename(number: int) -> int:
        return replicas[number % 2].patch(f"/v1/images/{number}.png", json={"name": "one.png"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(rename, range(8)))
    assert sorted(statuses) == [200] + [409] * 7
    assert len(replicas[0].names()) == 8


def test_a_character_that_the_database_cannot_hold(make_store: MakeStore, new_database: NewDatabase) -> None:
    store = on_postgres(make_store, new_database())
    store.put_image("a.png", picture())
    nul = {"tags": ["a\x00b"]}
    assert problem(store.patch("/v1/images/a.png", json=nul)) == (422, "value_not_storable")
    assert problem(store.get("/v1/images", params={"q": "\x00"})) == (422, "value_not_storable")


def test_away_and_back(make_store: MakeStore, postgres: Postgres) -> None:
    """503 while the database is away, and as before when it is back, without a restart of ours."""
    store = on_postgres(make_store, postgres.new_database())
    store.put_image("a.png", picture(1))
    postgres.stop()
    try:
        for answer in (
            store.get("/v1/images"),
            store.put_image("b.png", picture(2)),
            store.get("/v1/images/a.png/content"),
        ):
            assert problem(answer) == (503, "database_unavailable")
            assert answer.headers["retry-after"] == "1"
        ready = store.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "failed")
        assert store.get("/healthz").status_code == 200
    finally:
        postgres.start()
    assert store.put_image("b.png", picture(2)).status_code == 201
    assert store.get("/v1/images/a.png/content").content == picture(1)
    assert store.get("/readyz").status_code == 200


def test_migrations_make_what_the_code_describes(new_database: NewDatabase, tmp_path: Path) -> None:
    """On both engines: tables, columns, indexes, and what may be null."""
    for url in (new_database(), f"sqlite:///{tmp_path / 'a.db'}"):
        migrated = make_engine(url)
        migrate(migrated, MIGRATIONS)
        made = create_engine("sqlite://") if url.startswith("sqlite") else make_engine(new_database())
        metadata.create_all(made)
        assert shape(migrated) == shape(made)
        migrated.dispose()
        made.dispose()


def shape(engine: object) -> dict[str, object]:
    """What a database holds, in words that compare."""
    found = inspect(engine)
    return {
        table: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(table)},
            "indexes": sorted((i["name"], i["unique"], *i["column_names"]) for i in found.get_indexes(table)),
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "foreign": sorted(
                (k["referred_table"], *k["constrained_columns"], str(k["options"]))
                for k in found.get_foreign_keys(table)
            ),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }
