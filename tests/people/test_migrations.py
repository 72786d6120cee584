from portal.kernel import schema


def test_models_equal_migrations(portals):
    p = portals()
    with p.reading() as unit:
        assert schema.differences(unit.db.connection(), p.house.card("people")) == []
