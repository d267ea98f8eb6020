/* pgraft 1.0 to 1.1 */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION pgraft UPDATE TO '1.1'" to load this file. \quit

/* ---------- leases of keys ---------- */

CREATE FUNCTION pgraft_lease_grant(ttl interval) RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_lease_grant'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_lease_grant(interval) IS 'get a lease; its keys are deleted when nobody has kept it alive for so long';

CREATE FUNCTION pgraft_lease_keep_alive(lease bigint) RETURNS interval
AS 'MODULE_PATHNAME', 'pgraft_lease_keep_alive'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_lease_keep_alive(bigint) IS 'let the time of a lease begin anew; returns how long it lives from now on';

CREATE FUNCTION pgraft_lease_revoke(lease bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_lease_revoke'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_lease_revoke(bigint) IS 'end a lease and delete its keys; returns how many there were';

CREATE FUNCTION pgraft_leases() RETURNS TABLE (
    lease bigint,
    ttl interval,
    remaining interval,
    keys integer,
    granted_at timestamptz)
AS 'MODULE_PATHNAME', 'pgraft_leases'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION pgraft_leases() IS 'all leases of keys, as the node that judges them sees them';

CREATE FUNCTION pgraft_lease_keys(lease bigint) RETURNS SETOF text
AS 'MODULE_PATHNAME', 'pgraft_lease_keys'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION pgraft_lease_keys(bigint) IS 'the keys that are attached to a lease, in the order of their bytes';

CREATE FUNCTION pgraft_kv_put(key text, value text, lease bigint) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_put_lease'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_put(text, text, bigint) IS 'store a value that is deleted when the lease ends; null for no lease';

CREATE FUNCTION pgraft_kv_put(key bytea, value bytea, lease bigint) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_put_lease_bytea'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_put(bytea, bytea, bigint) IS 'store a value that is deleted when the lease ends; null for no lease';

CREATE VIEW pgraft.leases AS
SELECT l.lease, l.ttl, l.remaining, l.keys, l.granted_at
  FROM @extschema@.pgraft_leases() l;
COMMENT ON VIEW pgraft.leases IS 'the leases of keys';

/* ---------- locks and elections ---------- */

/*
 * Both are a queue of keys below one prefix, each attached to a lease of its own
 * (etcd's recipe): the key that was created first is the holder's, and its create
 * revision is the fencing token, which grows from holder to holder.
 *
 * Whoever may execute one of these functions needs no other right: they run with
 * their owner's and touch nothing but their own prefixes.  So what they call is
 * named with its schema and given every argument in its own type: nobody who may
 * create functions in that schema can put one in between that fits better.
 */
CREATE FUNCTION pgraft_queue_prefix(kind text, name text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    longest CONSTANT integer := 400;
    escaped text := replace(replace(name, '%', '%25'), '/', '%2F');
BEGIN
    IF coalesce(escaped, '') = '' THEN
        RAISE EXCEPTION 'the name of the % is missing', kind USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF octet_length(convert_to(escaped, 'UTF8')) > longest THEN
        RAISE EXCEPTION 'the name of the % is too long', kind
            USING ERRCODE = 'program_limit_exceeded',
                  DETAIL = format('It has %s bytes in UTF-8, where %% and / count three times; the limit is %s.',
                                  octet_length(convert_to(escaped, 'UTF8')), longest);
    END IF;
    RETURN '/pgraft/' || kind || '/' || escaped || '/';
END
$$;
COMMENT ON FUNCTION pgraft_queue_prefix(text, text) IS 'what the keys of a lock or an election begin with';

CREATE FUNCTION pgraft_queue_forget(lease bigint) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM @extschema@.pgraft_lease_revoke(lease);
EXCEPTION
    WHEN undefined_object THEN
        -- It is over already.
        NULL;
    WHEN OTHERS THEN
        -- What it is called for must not be hidden by this error, nor this one by that.
        RAISE WARNING 'lease % could not be ended: %', lease, SQLERRM
            USING HINT = 'It is over when nobody has kept it alive for its time to live.';
END
$$;
COMMENT ON FUNCTION pgraft_queue_forget(bigint) IS 'end a lease now if that is possible';

CREATE FUNCTION pgraft_queue_places(prefix text)
RETURNS TABLE (key text, value text, token bigint, lease bigint, since timestamptz)
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT k.key, k.value, k.create_revision, ('x' || right(k.key, 16))::bit(64)::bigint, k.created_at
      FROM @extschema@.pgraft_kv_list(prefix, NULL::bigint, NULL::text, 0::bigint, 'linearizable'::text) k
     WHERE substr(k.key, length(prefix) + 1) ~ '^[0-9a-f]{16}$'
$$;
COMMENT ON FUNCTION pgraft_queue_places(text) IS 'who stands in the queue below a prefix; the lowest token is first';

CREATE FUNCTION pgraft_queue_enter(prefix text, value text, ttl interval, wait interval)
RETURNS TABLE (token bigint, lease bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value_bytes_max CONSTANT integer := 1024;
    deadline CONSTANT timestamptz := clock_timestamp() + wait;
    trouble timestamptz;
    step_ms integer;
    left_ms double precision;
    own text;
    ahead text;
    seen bigint;
BEGIN
    IF wait < interval '0' THEN
        RAISE EXCEPTION 'wait must not be negative'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Null stands for as long as it takes.';
    END IF;
    IF octet_length(convert_to(value, 'UTF8')) > value_bytes_max THEN
        RAISE EXCEPTION 'the name of who wants it is too long'
            USING ERRCODE = 'program_limit_exceeded',
                  DETAIL = format('It has %s bytes in UTF-8, the limit is %s.',
                                  octet_length(convert_to(value, 'UTF8')), value_bytes_max);
    END IF;
    lease := @extschema@.pgraft_lease_grant(ttl);
    -- the lease is kept alive several times in its life while this call waits
    step_ms := least(extract(epoch FROM ttl) * 1000 / 4, 60000);
    own := prefix || lpad(to_hex(lease), 16, '0');
    PERFORM @extschema@.pgraft_kv_put(own, coalesce(value, ''), lease);
    LOOP
        BEGIN
            PERFORM @extschema@.pgraft_lease_keep_alive(lease);
            seen := @extschema@.pgraft_kv_revision('linearizable'::text);
            -- the last one before this one: a queue wakes one by one
            SELECT min(q.mine), (array_agg(q.key ORDER BY q.token DESC) FILTER (WHERE q.token < q.mine))[1]
              INTO token, ahead
              FROM (SELECT p.key, p.token, max(p.token) FILTER (WHERE p.key = own) OVER () AS mine
                      FROM @extschema@.pgraft_queue_places(prefix) p) q;
            IF token IS NULL THEN
                RAISE EXCEPTION 'the place in the queue is gone'
                    USING ERRCODE = 'undefined_object',
                          DETAIL = format('Somebody deleted the key "%s".', own);
            END IF;
            IF ahead IS NULL THEN
                -- It had its place until then at least, and has all its time from now on.
                PERFORM @extschema@.pgraft_lease_keep_alive(lease);
                RETURN NEXT;
                RETURN;
            END IF;
            left_ms := coalesce(extract(epoch FROM deadline - clock_timestamp()) * 1000, step_ms);
            IF left_ms > 0 THEN
                PERFORM 1 FROM @extschema@.pgraft_kv_watch(ahead, seen + 1, ceil(least(left_ms, step_ms))::integer, 1);
            END IF;
            trouble := NULL;
        EXCEPTION
            WHEN SQLSTATE 'PGR01' OR SQLSTATE 'PGR02' OR SQLSTATE '08007' OR object_not_in_prerequisite_state THEN
                -- Nobody leads that this node can reach, its store is being made anew, or the history went on: it passes,
                -- or the lease is over by the time that this gives up.
                trouble := coalesce(trouble, clock_timestamp());
                IF clock_timestamp() > trouble + ttl THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.1);
        END;
        IF clock_timestamp() >= deadline THEN
            PERFORM @extschema@.pgraft_queue_forget(lease);
            RETURN;
        END IF;
    END LOOP;
EXCEPTION
    WHEN query_canceled OR OTHERS THEN
        IF lease IS NOT NULL THEN
            PERFORM @extschema@.pgraft_queue_forget(lease);
        END IF;
        RAISE;
END
$$;
COMMENT ON FUNCTION pgraft_queue_enter(text, text, interval, interval) IS 'wait to be the first below a prefix; no row when the time is over';

CREATE FUNCTION pgraft_queue_leave(kind text, lease bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM @extschema@.pgraft_lease_keys(lease) k
                    WHERE starts_with(k, '/pgraft/' || kind || '/')) THEN
        RAISE EXCEPTION 'lease % is not that of a %', lease, kind
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'pgraft_lease_revoke() ends any lease.';
    END IF;
    PERFORM @extschema@.pgraft_lease_revoke(lease);
    RETURN true;
EXCEPTION
    WHEN undefined_object THEN
        RETURN false;
END
$$;
COMMENT ON FUNCTION pgraft_queue_leave(text, bigint) IS 'end the lease of a place in a queue; false when it was over';

CREATE FUNCTION pgraft_lock(
    name text,
    ttl interval DEFAULT '30 seconds',
    wait interval DEFAULT NULL,
    owner text DEFAULT NULL)
RETURNS TABLE (token bigint, lease bigint)
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT q.token, q.lease
      FROM @extschema@.pgraft_queue_enter(
               @extschema@.pgraft_queue_prefix('lock'::text, name),
               coalesce(owner, session_user || ' ' || pg_backend_pid()), ttl, wait) q
$$;
COMMENT ON FUNCTION pgraft_lock(text, interval, interval, text) IS 'take a lock of the whole cluster; its lease and fencing token, no row when the wait was over';

CREATE FUNCTION pgraft_unlock(lease bigint) RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT @extschema@.pgraft_queue_leave('lock'::text, lease) $$;
COMMENT ON FUNCTION pgraft_unlock(bigint) IS 'give a lock back; false when its lease was over';

CREATE FUNCTION pgraft_lock_holds(name text, token bigint) RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((SELECT min(q.token)
                       FROM @extschema@.pgraft_queue_places(@extschema@.pgraft_queue_prefix('lock'::text, name)) q)
                    = pgraft_lock_holds.token, false)
$$;
COMMENT ON FUNCTION pgraft_lock_holds(text, bigint) IS 'whether a lock is held by whoever got this fencing token';

CREATE FUNCTION pgraft_campaign(
    election text,
    candidate text,
    ttl interval DEFAULT '30 seconds',
    wait interval DEFAULT NULL)
RETURNS TABLE (token bigint, lease bigint)
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT q.token, q.lease
      FROM @extschema@.pgraft_queue_enter(
               @extschema@.pgraft_queue_prefix('election'::text, election), candidate, ttl, wait) q
$$;
COMMENT ON FUNCTION pgraft_campaign(text, text, interval, interval) IS 'wait to be elected; lease and fencing token of the term of office, no row when the wait was over';

CREATE FUNCTION pgraft_resign(lease bigint) RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT @extschema@.pgraft_queue_leave('election'::text, lease) $$;
COMMENT ON FUNCTION pgraft_resign(bigint) IS 'give up being elected, or the wish to be; false when its lease was over';

CREATE FUNCTION pgraft_elected(election text)
RETURNS TABLE (candidate text, token bigint, since timestamptz)
LANGUAGE sql VOLATILE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT q.value, q.token, q.since
      FROM @extschema@.pgraft_queue_places(@extschema@.pgraft_queue_prefix('election'::text, election)) q
     ORDER BY q.token
     LIMIT 1
$$;
COMMENT ON FUNCTION pgraft_elected(text) IS 'who is elected, no row when nobody is';

CREATE VIEW pgraft.locks AS
SELECT CASE split_part(k.key, '/', 3) WHEN 'lock' THEN 'lock' ELSE 'election' END AS kind,
       replace(replace(split_part(k.key, '/', 4), '%2F', '/'), '%25', '%') AS name,
       row_number() OVER (PARTITION BY split_part(k.key, '/', 3), split_part(k.key, '/', 4)
                          ORDER BY k.create_revision) AS place,
       k.value AS owner,
       k.create_revision AS token,
       ('x' || right(k.key, 16))::bit(64)::bigint AS lease,
       k.created_at AS since
  FROM @extschema@.pgraft_kv_list('/pgraft/'::text, NULL::bigint, NULL::text, 0::bigint, NULL::text) k
 WHERE k.key ~ '^/pgraft/(lock|election)/[^/]+/[0-9a-f]{16}$';
COMMENT ON VIEW pgraft.locks IS 'who holds locks and elections of the cluster, at place 1, and who waits for them';

/* ---------- privileges of what is new ---------- */

REVOKE ALL ON FUNCTION
    pgraft_lease_grant(interval),
    pgraft_lease_keep_alive(bigint),
    pgraft_lease_revoke(bigint),
    pgraft_leases(),
    pgraft_lease_keys(bigint),
    pgraft_kv_put(text, text, bigint),
    pgraft_kv_put(bytea, bytea, bigint),
    pgraft_queue_prefix(text, text),
    pgraft_queue_enter(text, text, interval, interval),
    pgraft_queue_leave(text, bigint),
    pgraft_queue_forget(bigint),
    pgraft_queue_places(text),
    pgraft_lock(text, interval, interval, text),
    pgraft_unlock(bigint),
    pgraft_lock_holds(text, bigint),
    pgraft_campaign(text, text, interval, interval),
    pgraft_resign(bigint),
    pgraft_elected(text)
    FROM PUBLIC;

GRANT EXECUTE ON FUNCTION pgraft_leases() TO pg_monitor;
GRANT SELECT ON pgraft.leases TO pg_monitor;

/* ---------- events ---------- */

CREATE FUNCTION pgraft_events(since bigint DEFAULT 0) RETURNS TABLE (
    id bigint,
    happened_at timestamptz,
    kind text,
    detail text,
    run timestamptz)
AS 'MODULE_PATHNAME', 'pgraft_events'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION pgraft_events(bigint) IS 'what happened on this node after an event, as far as it is kept';

CREATE FUNCTION pgraft_wait_event(since bigint, timeout interval DEFAULT NULL) RETURNS TABLE (
    id bigint,
    happened_at timestamptz,
    kind text,
    detail text,
    run timestamptz)
AS 'MODULE_PATHNAME', 'pgraft_wait_event'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION pgraft_wait_event(bigint, interval) IS 'waits for what happens next on this node after an event';

CREATE VIEW pgraft.events AS
SELECT e.id, e.happened_at, e.kind, e.detail, e.run
  FROM @extschema@.pgraft_events() e;
COMMENT ON VIEW pgraft.events IS 'what happened on this node, as far as it is kept';

REVOKE ALL ON FUNCTION pgraft_events(bigint), pgraft_wait_event(bigint, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgraft_events(bigint), pgraft_wait_event(bigint, interval) TO pg_monitor;
GRANT SELECT ON pgraft.events TO pg_monitor;

/* ---------- grants on keys ---------- */

CREATE FUNCTION pgraft_kv_grant(role name, prefix text, rights text) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_grant'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_grant(name, text, text) IS 'let a role, or public, read or write the keys that begin with a prefix; false when it could already';

CREATE FUNCTION pgraft_kv_revoke(role name, prefix text, rights text DEFAULT 'read, write') RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_revoke'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_revoke(name, text, text) IS 'take back what was granted for exactly this prefix; false when it was not';

CREATE FUNCTION pgraft_kv_enforce_grants(enforce boolean) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_enforce_grants'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_enforce_grants(boolean) IS 'whether grants on keys count, on every node; false when it was so already';

CREATE FUNCTION pgraft_kv_grants() RETURNS TABLE (
    role name,
    prefix text,
    can_read boolean,
    can_write boolean)
AS 'MODULE_PATHNAME', 'pgraft_kv_grants'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION pgraft_kv_grants() IS 'the grants on keys, as this node has them';

CREATE FUNCTION pgraft_kv_grants_enforced() RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_grants_enforced'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_kv_grants_enforced() IS 'whether grants on keys count, as this node has it';

CREATE FUNCTION pgraft_kv_has_privilege(role name, key text, "right" text) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_has_privilege'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_kv_has_privilege(name, text, text) IS 'whether the grants on keys let a role read or write a key, enforced or not';

CREATE VIEW pgraft.kv_grants AS
SELECT g.role, g.prefix, g.can_read, g.can_write, @extschema@.pgraft_kv_grants_enforced() AS enforced
  FROM @extschema@.pgraft_kv_grants() g;
COMMENT ON VIEW pgraft.kv_grants IS 'who may read and write the keys that begin with which prefixes';

REVOKE ALL ON FUNCTION
    pgraft_kv_grant(name, text, text),
    pgraft_kv_revoke(name, text, text),
    pgraft_kv_enforce_grants(boolean),
    pgraft_kv_grants(),
    pgraft_kv_grants_enforced(),
    pgraft_kv_has_privilege(name, text, text)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    pgraft_kv_grants(),
    pgraft_kv_grants_enforced(),
    pgraft_kv_has_privilege(name, text, text)
    TO pg_monitor;
GRANT SELECT ON pgraft.kv_grants TO pg_monitor;
