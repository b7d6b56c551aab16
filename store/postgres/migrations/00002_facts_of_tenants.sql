-- +goose Up

-- What imported files say of some customers is found without reading all of it.
CREATE INDEX facts_tenant ON facts (tenant, tbl) WHERE tenant <> '';

-- +goose Down
DROP INDEX facts_tenant;
