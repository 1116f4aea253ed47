// One headend a device: what some drivers let two processes open (a packet socket, a UIO device),
// so that each would get a part of the packets, or all of them twice.
#pragma once

#include "dataplane/port/device_name.hpp"

namespace culvert::dp {

// Holds a device for as long as the object (or the process) lives: a socket whose name says which
// device, in the abstract namespace, which belongs to the network namespace as interfaces do and
// forgets a process that dies.
class Claim {
 public:
  // Throws std::runtime_error with a sentence that names the process which has the device. Devices
  // that nobody else could open under the same name (a ring, a loop) are not claimed.
  explicit Claim(const DeviceName& device);
  ~Claim();
  Claim(Claim&& other) noexcept;
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  Claim& operator=(Claim&&) = delete;

 private:
  int socket_ = -1;
};

}  // namespace culvert::dp
