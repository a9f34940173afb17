-- The timetable: how far each schedule has come. It lies with the queue, because a slot and the job it gave are one
-- transaction and must be restored together, or a restore would fire a slot again or never.

CREATE TABLE graveshift.schedules (
    name text PRIMARY KEY,
    slot timestamptz NOT NULL,
    last_slot timestamptz,
    last_fired_at timestamptz,
    last_job_id bigint
);
