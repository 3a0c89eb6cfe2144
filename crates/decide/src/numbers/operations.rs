//! The second half of the table of numbers: sizes, availability, limits and prices.

/// Passes rows of the table on, with the rows of this file behind them.
macro_rules! followed_by_those_of_operations {
    ($($rows:tt)*) => {
        numbers! {
            $($rows)*
            /// Rows of a page, where the model states none.
            PAGE_ROWS = "page-rows" 50.0 "rows" in 10.0..200.0
                from "language: the default of `limit`";
            /// Database time of a row read by its key.
            KEY_CPU = "key-cpu" 0.1 "ms" in 0.03..1.0
                from "house: Vonng, pgtpc measures 0.05 core-ms";
            /// Database time of a usual page of a list.
            PAGE_CPU = "page-cpu" 0.6 "ms" in 0.2..6.0 from "house";
            /// Database time of a write transaction.
            WRITE_CPU = "write-cpu" 0.7 "ms" in 0.23..7.0
                from "Vonng, pgtpc: 0.7 core-ms per TPC-B transaction";
            /// Database time of a search by place.
            NEAR_CPU = "near-cpu" 1.0 "ms" in 0.3..10.0 from "house";
            /// Time of each further row of a batch, in the application and in the database.
            BATCH_ROW_CPU = "batch-row-cpu" 0.02 "ms" in 0.005..0.2 from "house";
            /// Application time of a message to a stream.
            MESSAGE_CPU = "message-cpu" 0.02 "ms" in 0.004..0.1 from "house";
            /// How long a read by key holds a connection.
            KEY_HOLD = "key-hold" 0.6 "ms" in 0.2..3.0 from "house";
            /// How long a page holds a connection.
            PAGE_HOLD = "page-hold" 1.6 "ms" in 0.5..8.0 from "house";
            /// How long a text search holds a connection.
            SEARCH_HOLD = "search-hold" 6.0 "ms" in 2.0..30.0 from "house";
            /// Bytes of an item of a list.
            ITEM_BYTES = "item-bytes" 500.0 "bytes" in 125.0..4_000.0 from "house";
            /// Bytes of an answer that is one row.
            GET_BYTES = "get-bytes" 3_000.0 "bytes" in 750.0..24_000.0 from "house";
            /// Bytes of an event or message.
            EVENT_BYTES = "event-bytes" 1_000.0 "bytes" in 250.0..8_000.0 from "house";
            /// What is left of an answer when it is compressed on its way.
            COMPRESSED = "compressed" 0.3 "share" in 0.1..1.0 from "house: text shrinks to a third";
            /// Bytes that one request leaves in the log.
            LOG_BYTES = "log-bytes" 500.0 "bytes" in 125.0..4_000.0 from "house";
            /// Bytes of the write-ahead log for one row.
            WAL_BYTES = "wal-bytes" 2_000.0 "bytes" in 500.0..8_000.0 from "house";
            /// Write-ahead log that lies beside the tables.
            WAL_HOURS = "wal-hours" 1.0 "hours" in 0.25..24.0 from "house";
            /// Utilisation at which servers are provisioned for D1.
            LOAD_PROVISIONED = "load-provisioned" 0.6 "share" in 0.4..0.8 from "house";
            /// Utilisation that is borne when D2 is reached.
            LOAD_REACHED = "load-reached" 0.85 "share" in 0.7..0.95 from "house";
            /// Cores of a replica of a service.
            REPLICA_CORES = "replica-cores" 2.0 "cores" in 1.0..8.0 from "house";
            /// Cores of the largest replica of a service.
            REPLICA_CORES_MOST = "replica-cores-most" 16.0 "cores" in 8.0..64.0 from "house";
            /// Mean size of a file, as a share of the most that it may have.
            FILE_SHARE = "file-share" 0.1 "share" in 0.02..0.5 from "house";
            /// Rows in time order from which a time series database pays.
            SERIES_ROWS = "series-rows" 50_000.0 "per second" in 20_000.0..150_000.0 from "house";
            /// Bytes of such rows that are left when their columns are compressed, with indexes.
            SERIES_SHARE = "series-share" 0.2 "share" in 0.05..0.6 from "house";
            /// Replicas of a service from which larger ones are taken instead of more.
            REPLICAS_MANY = "replicas-many" 12.0 "replicas" in 6.0..50.0 from "house";
            /// Replicas between D1 and D2 from which they come and go with the load.
            AUTOSCALE_FROM = "autoscale-from" 2.0 "replicas" in 1.0..6.0 from "house";
            /// Memory of a core of a replica.
            REPLICA_MEMORY = "replica-memory" 4.0 "GiB" in 2.0..8.0 from "house";
            /// Memory of a replica without load.
            PROCESS_MEMORY = "process-memory" 128.0 "MiB" in 32.0..1_024.0 from "house";
            /// Memory of an open stream.
            SOCKET_MEMORY = "socket-memory" 50.0 "KiB" in 10.0..200.0 from "house";
            /// Streams that one replica holds.
            REPLICA_SOCKETS = "replica-sockets" 20_000.0 "streams" in 5_000.0..100_000.0
                from "house";
            /// Zones of a region that are used.
            ZONES = "zones" 3.0 "zones" in 2.0..4.0 from "house";
            /// How old the rows of a replica may be.
            REPLICA_LAG = "replica-lag" 1.0 "s" in 0.1..10.0 from "house";
            /// Cores of the smallest database node.
            NODE_CORES_LEAST = "node-cores-least" 2.0 "cores" in 1.0..8.0 from "house";
            /// Memory of a core of a database node.
            NODE_MEMORY = "node-memory" 8.0 "GB" in 4.0..16.0 from "house";
            /// Connections that one PostgreSQL server takes.
            CONNECTIONS = "connections" 400.0 "connections" in 200.0..1_600.0 from "house";
            /// Share of them that is used.
            CONNECTIONS_USED = "connections-used" 0.8 "share" in 0.5..0.95 from "house";
            /// Connections kept for administration and monitoring.
            CONNECTIONS_KEPT = "connections-kept" 5.0 "connections" in 2.0..20.0 from "house";
            /// Share of requests that may wait for a connection.
            POOL_WAIT = "pool-wait" 0.01 "share" in 0.001..0.05 from "house";
            /// Connections that one core of a database serves well.
            POOL_PER_CORE = "pool-per-core" 2.0 "connections" in 1.0..4.0
                from "HikariCP, About Pool Sizing: cores x 2 + spindles";
            /// Disks of a database node that count as spindles.
            SPINDLES = "spindles" 1.0 "disks" in 0.0..8.0
                from "HikariCP, About Pool Sizing: cores x 2 + spindles";
            /// Share of a disk that is filled.
            DISK_FILL = "disk-fill" 0.7 "share" in 0.5..0.9 from "house";
            /// Full backups that are kept: one a week, five weeks.
            BACKUP_COPIES = "backup-copies" 5.0 "copies" in 1.0..12.0 from "house";
            /// How long backups and the log beside them are kept.
            BACKUP_DAYS = "backup-days" 35.0 "days" in 7.0..90.0
                from "house: an erased person is gone from backups after it";
            /// Operations that one thread of Redis does.
            REDIS_OPERATIONS = "redis-operations" 100_000.0 "per second" in 50_000.0..200_000.0
                from "house";
            /// Searches by place that it does.
            REDIS_SEARCHES = "redis-searches" 10_000.0 "per second" in 5_000.0..20_000.0
                from "house";
            /// Messages that three NATS servers store.
            NATS_MESSAGES = "nats-messages" 50_000.0 "per second" in 10_000.0..200_000.0
                from "house: measure with `nats bench`";
            /// Bytes that one partition of Kafka takes a second.
            KAFKA_PARTITION = "kafka-partition" 1e7 "bytes per second" in 5e6..5e7
                from "house: Confluent's sizing rule names the quotient, not this figure";
            /// Partitions that one broker of Kafka holds.
            KAFKA_PARTITIONS = "kafka-partitions" 4_000.0 "partitions" in 1_000.0..10_000.0
                from "house";
            /// Share of the budget, or of all other costs, that logs may take.
            LOG_SHARE = "log-share" 0.1 "share" in 0.02..0.3 from "house";
            /// Share of the logs of good requests that is kept in any case.
            LOG_LEAST = "log-least" 0.01 "share" in 0.001..0.1 from "house";
            /// Price of a core of a service.
            PRICE_CORE = "price-core" 30.0 "EUR a month" in 15.0..60.0
                from "house: a placeholder, ask your provider";
            /// Price of a core of a managed database.
            PRICE_DATABASE_CORE = "price-database-core" 75.0 "EUR a month" in 40.0..150.0
                from "house: a placeholder, ask your provider";
            /// Price of a gigabyte of fast disk.
            PRICE_DISK = "price-disk" 0.15 "EUR a month" in 0.05..0.45
                from "house: a placeholder, ask your provider";
            /// Price of a gigabyte of backups.
            PRICE_BACKUP = "price-backup" 0.03 "EUR a month" in 0.01..0.09
                from "house: a placeholder, ask your provider";
            /// Price of a gigabyte that leaves the data centre.
            PRICE_EGRESS = "price-egress" 0.08 "EUR" in 0.027..0.24
                from "house: a placeholder, ask your provider";
            /// Price of a gigabyte that a network of caches delivers.
            PRICE_CDN = "price-cdn" 0.02 "EUR" in 0.007..0.06
                from "house: a placeholder, ask your provider";
            /// Price of a gigabyte of logs, kept and searched.
            PRICE_LOGS = "price-logs" 0.6 "EUR" in 0.2..1.8
                from "house: a placeholder, ask your provider";
            /// Price of a load balancer.
            PRICE_BALANCER = "price-balancer" 25.0 "EUR a month" in 12.5..75.0
                from "house: a placeholder, ask your provider";
            /// Price of three NATS servers.
            PRICE_NATS = "price-nats" 120.0 "EUR a month" in 60.0..360.0
                from "house: a placeholder, ask your provider";
            /// Price of a pair of Redis servers.
            PRICE_REDIS = "price-redis" 150.0 "EUR a month" in 75.0..450.0
                from "house: a placeholder, ask your provider";
            /// Price of three Kafka brokers.
            PRICE_KAFKA = "price-kafka" 900.0 "EUR a month" in 450.0..2_700.0
                from "house: a placeholder, ask your provider";
            /// Availability of a machine that people restore.
            MACHINE = "machine" 0.997 "share" in 0.99..0.9995 from "house: a day of outage a year";
            /// Availability of one zone of a region.
            ZONE = "zone" 0.9995 "share" in 0.995..0.9999 from "house: four hours of outage a year";
            /// Availability of a load balancer.
            BALANCER = "balancer" 0.9999 "share" in 0.999..0.99999 from "house";
            /// What replicas share, such as releases and configuration, fails at least that often.
            COMMON_CAUSE = "common-cause" 0.9999 "share" in 0.999..0.99999 from "house";
            /// Availability of what directs clients to one of two regions.
            GLOBAL_ENTRY = "global-entry" 0.99995 "share" in 0.999..0.99999 from "house";
            /// Times a year that a standby takes over, upgrades included.
            FAILOVERS = "failovers" 12.0 "a year" in 2.0..24.0 from "house";
            /// How long that takes.
            FAILOVER_TIME = "failover-time" 120.0 "s" in 35.0..300.0
                from "Amazon RDS, Multi-AZ failover: 60 to 120 s";
            /// Availability from which a database has a standby.
            STANDBY_FROM = "standby-from" 0.995 "share" in 0.99..0.999 from "house";
            /// Time in which a system is to run again, where the model states none.
            RECOVERY_TIME = "recovery-time" 240.0 "minutes" in 15.0..1440.0 from "house";
            /// What may be lost, where the model states nothing.
            RECOVERY_POINT = "recovery-point" 15.0 "minutes" in 1.0..1440.0 from "house";
            /// How long people need before a restore starts.
            RESTORE_START = "restore-start" 15.0 "minutes" in 5.0..60.0 from "house";
            /// How fast a backup is restored.
            RESTORE_SPEED = "restore-speed" 1e8 "bytes a second" in 3e7..5e8 from "house";
            /// How fast the log is replayed.
            REPLAY_SPEED = "replay-speed" 5e7 "bytes a second" in 1e7..2e8 from "house";
            /// How many times the restore must fit where a region is to be replaced.
            RESTORE_MARGIN = "restore-margin" 2.0 "x" in 1.0..4.0 from "house";
            /// What is lost at the most where backups and the log are kept elsewhere.
            BACKUP_POINT = "backup-point" 5.0 "minutes" in 1.0..15.0 from "house";
            /// Time in which a pilot light is made to serve.
            PILOT_LIGHT_TIME = "pilot-light-time" 30.0 "minutes" in 10.0..60.0
                from "Disaster Recovery of Workloads on AWS names the ladder; the time is house";
            /// Time in which a warm standby serves.
            WARM_STANDBY_TIME = "warm-standby-time" 5.0 "minutes" in 2.0..15.0
                from "Disaster Recovery of Workloads on AWS names the ladder; the time is house";
            /// Round trip between regions of one continent.
            REGION_ROUND_TRIP = "region-round-trip" 20.0 "ms" in 5.0..60.0 from "house";
            /// Round trip between continents.
            CONTINENT_ROUND_TRIP = "continent-round-trip" 120.0 "ms" in 70.0..250.0 from "house";
            /// Requests a second that every principal may make.
            PRINCIPAL_RATE = "principal-rate" 5.0 "per second" in 1.0..20.0 from "house";
            /// Multiple of its mean share of the peak that one principal may take.
            PRINCIPAL_SHARE = "principal-share" 20.0 "x" in 5.0..100.0 from "house";
            /// Burst, as a multiple of a second's requests.
            BURST = "burst" 10.0 "x" in 2.0..50.0 from "house";
            /// Principals behind one address.
            ADDRESS_SHARE = "address-share" 10.0 "x" in 3.0..100.0
                from "house: homes and offices share addresses";
            /// Wrong passwords of one account in a quarter of an hour.
            LOGINS = "logins" 5.0 "attempts" in 3.0..20.0 from "house";
            /// Time between two requests of one user, where the model states no users.
            THINK_TIME = "think-time" 30.0 "s" in 3.0..300.0 from "house";
            /// Public requests a second that may be old, from which a network of caches pays.
            CDN_RATE = "cdn-rate" 1_000.0 "per second" in 300.0..5_000.0 from "house";
            /// Deployables from which a mesh pays.
            MESH_DEPLOYABLES = "mesh-deployables" 10.0 "deployables" in 6.0..30.0 from "house";
            /// Deployables from which Kubernetes pays.
            CLUSTER_DEPLOYABLES = "cluster-deployables" 5.0 "deployables" in 3.0..12.0 from "house";
            /// Teams from which it does.
            CLUSTER_TEAMS = "cluster-teams" 3.0 "teams" in 2.0..6.0 from "house";
            /// Replicas that are looked after by hand on machines.
            MACHINE_REPLICAS = "machine-replicas" 2.0 "replicas" in 1.0..4.0 from "house";
            /// Bytes of the trace of one request.
            TRACE_BYTES = "trace-bytes" 5_000.0 "bytes" in 1_000.0..20_000.0 from "house";
            /// Share of the budget, or of all other costs, that traces may take.
            TRACE_SHARE = "trace-share" 0.02 "share" in 0.005..0.1 from "house";
            /// Coefficient of variation of application time, simulated: requests of one operation
            /// are alike.
            APPLICATION_VARIATION = "application-variation" 0.5 "" in 0.1..2.0 from "house";
            /// Coefficient of variation of database time, simulated: some pages are in memory and
            /// some are not. One is that of the exponential distribution.
            DATABASE_VARIATION = "database-variation" 1.0 "" in 0.2..4.0 from "house";
            /// Coefficient of variation of round trips and the write-ahead log, simulated.
            TRIP_VARIATION = "trip-variation" 0.5 "" in 0.1..2.0 from "house";
            /// Longest wait of an event for the relay that takes it out of the outbox.
            RELAY_WAIT = "relay-wait" 50.0 "ms" in 5.0..1_000.0 from "house";
            /// Jobs that one server has under way at once, where nobody waits for them.
            JOBS_AT_ONCE = "jobs-at-once" 256.0 "jobs" in 16.0..4_096.0
                from "house: the bound of `firm up`";
            /// Longest wait of a job that nobody waits for until a server looks for due ones.
            JOB_WAIT = "job-wait" 1.0 "s" in 0.05..60.0 from "house: the interval of `firm up`";
            /// Wait before a job that got no answer is tried again; it doubles.
            JOB_PAUSE = "job-pause" 100.0 "ms" in 10.0..10_000.0
                from "house: the first pause of `firm up`";
            /// Attempts of clients that get no answer, the first included.
            CLIENT_ATTEMPTS = "client-attempts" 3.0 "attempts" in 1.0..10.0 from "house";
            /// Retries that a budget of retries allows at once, beside its share.
            RETRY_BURST = "retry-burst" 10.0 "retries" in 1.0..100.0 from "house";
            /// Time between two looks of the autoscaler.
            SCALING_INTERVAL = "scaling-interval" 15.0 "s" in 5.0..60.0
                from "Kubernetes, Horizontal Pod Autoscaling: the default of --horizontal-pod-autoscaler-sync-period";
            /// Share of the target within which the autoscaler does nothing.
            SCALING_TOLERANCE = "scaling-tolerance" 0.1 "share" in 0.02..0.3
                from "Kubernetes, Horizontal Pod Autoscaling: the default of --horizontal-pod-autoscaler-tolerance";
            /// Replicas that the autoscaler adds within a period at the most, as a share of those there.
            SCALING_UP = "scaling-up" 1.0 "share" in 0.1..4.0
                from "Kubernetes, Horizontal Pod Autoscaling: the default policy doubles";
            /// That period.
            SCALING_UP_PERIOD = "scaling-up-period" 30.0 "s" in 15.0..300.0 from "house";
            /// Replicas that it takes away within a period at the most, as a share of those there.
            SCALING_DOWN = "scaling-down" 0.1 "share" in 0.02..1.0 from "house";
            /// That period.
            SCALING_DOWN_PERIOD = "scaling-down-period" 60.0 "s" in 15.0..900.0 from "house";
            /// Time for which fewer replicas must have been enough before one is taken away.
            SCALING_CALM = "scaling-calm" 300.0 "s" in 0.0..3_600.0
                from "Kubernetes, Horizontal Pod Autoscaling: the default of --horizontal-pod-autoscaler-downscale-stabilization";
            /// Time until a replica that was asked for serves: it is placed, its image is there, and
            /// its probe has succeeded.
            REPLICA_START = "replica-start" 30.0 "s" in 5.0..180.0 from "house";
            /// Time for which replicas of a lost zone still get requests: three checks of a balancer,
            /// ten seconds apart, less the first.
            ZONE_NOTICED = "zone-noticed" 20.0 "s" in 5.0..120.0 from "house";
            /// For how long a thread keeps a core that others wait for, simulated on one server.
            CORE_SLICE = "core-slice" 3.0 "ms" in 0.7..6.0
                from "Linux, kernel/sched: the base slice on machines of few cores";
            /// Share of calls that a bulkhead may turn away before it counts as full, simulated.
            BULKHEAD_FULL = "bulkhead-full" 0.01 "share" in 0.001..0.05 from "house";
        }
    };
}
pub(super) use followed_by_those_of_operations;
