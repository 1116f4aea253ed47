// `culvertctl mtu`: what a headend would announce, and why, without one.
#pragma once

namespace culvert::ctl {

// `argv[0]` is "mtu". Exit status: 0 done, 1 wrong arguments.
int run_mtu(int argc, char** argv);

}  // namespace culvert::ctl
