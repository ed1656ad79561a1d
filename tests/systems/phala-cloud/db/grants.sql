-- What the roles of the database may do. The owner is used by the migrations alone.
CREATE ROLE lantern_owner NOLOGIN;
CREATE ROLE lantern_api WITH LOGIN;
CREATE ROLE lantern_reports WITH LOGIN;

GRANT SELECT, INSERT, UPDATE ON TABLE patients.appointments TO lantern_api;
GRANT SELECT, INSERT ON TABLE patients.notes TO lantern_api;
GRANT SELECT ON TABLE statistics.days TO lantern_reports;
