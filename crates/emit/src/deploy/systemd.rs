//! Units of systemd: one for each deployable, without more rights than it needs.

use decide::facts;

use super::plan::{Deployed, Plan};

/// `NAME.service` with its text.
pub fn files(plan: &Plan<'_>) -> Vec<(String, String)> {
    let file = |of: &Deployed<'_>| (format!("{}.service", of.name()), unit(plan, of));
    plan.services.iter().map(file).collect()
}

fn unit(plan: &Plan<'_>, deployed: &Deployed<'_>) -> String {
    let name = deployed.name();
    let service = deployed.service;
    let contexts: String =
        deployed.serves.iter().map(|context| format!(" --service {context}")).collect();
    let externals: String = deployed
        .externals
        .iter()
        .map(|name| format!("#   FIRM_EXTERNAL={name}=https://...\n"))
        .collect();
    format!(
        "# {name} of {system}. The model lies in /opt/{name}, settings in /etc/{name}.env (see\n\
         # .env.example):\n#   FIRM_STORE=...\n{externals}\
         [Unit]\n\
         Description={name}\n\
         After=network-online.target\n\
         Wants=network-online.target\n\
         \n\
         [Service]\n\
         ExecStart=/usr/local/bin/firm up /opt/{name}{contexts}\n\
         EnvironmentFile=-/etc/{name}.env\n\
         Environment=FIRM_DATA=/var/lib/{name}\n\
         Restart=on-failure\n\
         RestartSec=1\n\
         # Requests under way have 15 seconds.\n\
         TimeoutStopSec=30\n\
         # Sized for the stated peak: {cores} cores and {memory}.\n\
         MemoryMax={bytes:.0}\n\
         LimitNOFILE=65536\n\
         \n\
         DynamicUser=yes\n\
         StateDirectory={name}\n\
         StateDirectoryMode=0700\n\
         NoNewPrivileges=yes\n\
         ProtectSystem=strict\n\
         ProtectHome=yes\n\
         PrivateTmp=yes\n\
         PrivateDevices=yes\n\
         ProtectKernelTunables=yes\n\
         ProtectKernelModules=yes\n\
         ProtectControlGroups=yes\n\
         RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n\
         RestrictNamespaces=yes\n\
         LockPersonality=yes\n\
         MemoryDenyWriteExecute=yes\n\
         SystemCallArchitectures=native\n\
         SystemCallFilter=@system-service\n\
         CapabilityBoundingSet=\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        system = plan.system,
        cores = service.replica_cores,
        memory = facts::bytes(service.replica_memory),
        bytes = service.replica_memory,
    )
}
