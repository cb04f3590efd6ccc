-- The queue for people: columns are never taken away, times are UTC text. What comes from another
-- table is a subquery rather than a join, so that a query pays only for the columns it names.

CREATE VIEW v_queue AS
SELECT d.id AS delivery_id,
       d.message_id AS message_id,
       (SELECT m.sender FROM message AS m WHERE m.id = d.message_id) AS sender,
       (SELECT o.name FROM lane AS l JOIN domain AS o ON o.id = l.domain_id
         WHERE l.id = d.lane_id) AS domain,
       (SELECT count(*) FROM recipient AS r WHERE r.delivery_id = d.id AND r.state = 0)
           AS recipients,
       (SELECT m.size FROM message AS m WHERE m.id = d.message_id) AS size,
       CASE WHEN d.state <> 0 THEN 'held' WHEN d.retry_num > 0 THEN 'deferred' ELSE 'queued' END
           AS state,
       d.retry_num AS retry_num,
       (SELECT datetime(m.created_at, 'unixepoch') FROM message AS m WHERE m.id = d.message_id)
           AS created_at,
       datetime(d.next_attempt_at, 'unixepoch') AS next_attempt_at,
       datetime(d.expires_at, 'unixepoch') AS expires_at,
       datetime(d.last_attempt_at, 'unixepoch') AS last_attempt_at,
       d.last_host AS last_host,
       d.last_code AS last_code,
       d.last_reply AS last_reply
  FROM delivery AS d;

CREATE VIEW v_recipient AS
SELECT r.id AS recipient_id,
       r.delivery_id AS delivery_id,
       d.message_id AS message_id,
       (SELECT m.sender FROM message AS m WHERE m.id = d.message_id) AS sender,
       r.address AS address,
       (SELECT o.name FROM lane AS l JOIN domain AS o ON o.id = l.domain_id
         WHERE l.id = d.lane_id) AS domain,
       CASE r.state WHEN 0 THEN 'pending' WHEN 1 THEN 'delivered' WHEN 2 THEN 'failed'
                    WHEN 3 THEN 'expired' ELSE 'removed' END AS state,
       r.code AS code,
       r.enhanced AS enhanced,
       r.reply AS reply,
       r.orcpt AS orcpt,
       r.notify AS notify
  FROM recipient AS r
  LEFT JOIN delivery AS d ON d.id = r.delivery_id;

CREATE VIEW v_attempt AS
SELECT a.id AS attempt_id,
       a.delivery_id AS delivery_id,
       d.message_id AS message_id,
       (SELECT o.name FROM lane AS l JOIN domain AS o ON o.id = l.domain_id
         WHERE l.id = d.lane_id) AS domain,
       a.retry_num AS retry_num,
       datetime(a.at, 'unixepoch') AS at,
       a.step AS step,
       a.code AS code,
       a.enhanced AS enhanced,
       a.reply AS reply,
       a.text AS hosts
  FROM attempt AS a
  LEFT JOIN delivery AS d ON d.id = a.delivery_id;

-- From the counters: no delivery is looked at.
CREATE VIEW v_domain AS
SELECT o.id AS domain_id,
       o.name AS domain,
       coalesce(sum(l.queued + l.deferred + l.held), 0) AS deliveries,
       coalesce(sum(l.queued), 0) AS queued,
       coalesce(sum(l.deferred), 0) AS deferred,
       coalesce(sum(l.held), 0) AS held,
       datetime(o.suspended_until, 'unixepoch') AS suspended_until,
       o.suspended_why AS suspended_why
  FROM domain AS o
  LEFT JOIN lane AS l ON l.domain_id = o.id
 GROUP BY o.name;

CREATE VIEW v_state AS
SELECT 'queued' AS state, coalesce(sum(queued), 0) AS deliveries FROM lane
UNION ALL
SELECT 'deferred', coalesce(sum(deferred), 0) FROM lane
UNION ALL
SELECT 'held', coalesce(sum(held), 0) FROM lane;

CREATE VIEW v_message AS
SELECT m.id AS message_id,
       m.sender AS sender,
       datetime(m.created_at, 'unixepoch') AS created_at,
       m.size AS size,
       (SELECT count(*) FROM delivery AS d WHERE d.message_id = m.id) AS deliveries,
       (SELECT count(*) FROM delivery AS d JOIN recipient AS r ON r.delivery_id = d.id
         WHERE d.message_id = m.id AND r.state = 0) AS recipients,
       m.priority AS priority,
       m.tag AS tag,
       m.envid AS envid,
       CASE m.ret WHEN 1 THEN 'FULL' WHEN 2 THEN 'HDRS' END AS ret,
       m.eight_bit AS eight_bit,
       m.smtputf8 AS smtputf8,
       m.requiretls AS requiretls,
       m.origin AS origin,
       m.arrived_from AS arrived_from,
       m.segment_id AS segment_id,
       m.offset AS offset
  FROM message AS m;
