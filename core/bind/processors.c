#define _GNU_SOURCE /* sched_getaffinity, CPU_COUNT: glibc's and musl's */

#include "bind/processors.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* Those that the scheduler may run it on, where the system tells. */
static long bound_to(void)
{
#ifdef CPU_COUNT
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return CPU_COUNT(&set);
    }
#endif
    return sysconf(_SC_NPROCESSORS_ONLN);
}

/* Processors' worth of time that a container's control group grants, rounded up; 0: no limit. */
static long quota(void)
{
    double time = 0;
    double period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r"); /* "200000 100000", or "max 100000" */
    if (file == NULL) {
        return 0;
    }
    const int read = fscanf(file, "%lf %lf", &time, &period); /* NOLINT(cert-err34-c) */
    fclose(file);
    if (read != 2 || !(time > 0) || !(period > 0) || time / period > 1e6) {
        return 0;
    }
    return (long)((time + period - 1) / period);
}

int dpl_processors(void)
{
    const long processors = bound_to();
    const long granted = quota();
    const long usable = granted > 0 && granted < processors ? granted : processors;
    return usable > 1 ? (int)usable : 1;
}
