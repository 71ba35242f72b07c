// Counts the jobs that Swift's runtime hands to its global executor: each is work that left its loop's thread.
#include <stdatomic.h>

typedef __attribute__((swiftcall)) void (*enqueue_global_original)(void *job);
typedef __attribute__((swiftcall)) void (*enqueue_global_hook)(void *job, enqueue_global_original original);
extern enqueue_global_hook swift_task_enqueueGlobal_hook;

static atomic_long global_enqueues;

static __attribute__((swiftcall)) void count_enqueue(void *job, enqueue_global_original original) {
  atomic_fetch_add(&global_enqueues, 1);
  original(job);
}

void spike_install_hook(void) { swift_task_enqueueGlobal_hook = count_enqueue; }
long spike_global_enqueues(void) { return atomic_load(&global_enqueues); }
