// SPDX-FileCopyrightText: 2026 promptda_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The system clock of a process whose time is set while it runs, as by NTP: LD_PRELOAD this.
// The file named by CLOCK_STEP holds a double: by how many seconds the clock is off.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static const volatile double *step_sec;

__attribute__((constructor)) static void open_step(void)
{
  const char *path = getenv("CLOCK_STEP");
  int file = path ? open(path, O_RDONLY) : -1;
  void *page = mmap(NULL, sizeof(double), PROT_READ, MAP_SHARED, file, 0);
  step_sec = page == MAP_FAILED ? NULL : page;
}

static time_t step(void) { return step_sec ? (time_t)*step_sec : 0; }

int clock_gettime(clockid_t clock, struct timespec *now)
{
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += step();
  return result;
}

int gettimeofday(struct timeval *now, void *zone)
{
  (void)zone;
  struct timespec exact;
  int result = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return result;
}

time_t time(time_t *now)
{
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now) *now = exact.tv_sec;
  return exact.tv_sec;
}
