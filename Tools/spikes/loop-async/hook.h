void spike_install_hook(void);
long spike_global_enqueues(void);
