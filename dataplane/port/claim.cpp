// Claims by abstract sockets.
#include "dataplane/port/claim.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace culvert::dp {

namespace {

// What two processes might open both; empty if there is no such thing.
std::string shared_resource(const DeviceName& device) {
  if (device.pci) return device.name;
  for (const char* key : {"iface", "rx_iface", "rx_iface_in", "path", "tx_pcap"}) {
    if (auto value = device.argument(key)) return *value;
  }
  return {};
}

struct Name {
  sockaddr_un address{};
  socklen_t size = 0;
};

Name abstract_name(const std::string& resource) {
  const std::string text = "culvert-device-" + resource;
  Name name;
  name.address.sun_family = AF_UNIX;
  const size_t length = std::min(text.size(), sizeof(name.address.sun_path) - 1);
  std::memcpy(name.address.sun_path + 1, text.data(), length);
  name.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  return name;
}

// The process that has the name; pid 0 if it does not listen (any more).
ucred holder(const Name& name) {
  ucred peer{};
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  socklen_t size = sizeof peer;
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&name.address), name.size) != 0 ||
      getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    peer = {};
  }
  if (fd >= 0) close(fd);
  return peer;
}

}  // namespace

Claim::Claim(const DeviceName& device) {
  const std::string resource = shared_resource(device);
  if (resource.empty()) return;
  const Name name = abstract_name(resource);
  socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0) return;  // out of descriptors: what comes next will say so
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&name.address), name.size) == 0) {
    (void)listen(socket_, 1);
    return;
  }
  const int error = errno;
  close(std::exchange(socket_, -1));
  if (error != EADDRINUSE) return;
  const ucred other = holder(name);
  // Anybody may take such a name; only one of ours, or root, can have the device.
  if (other.pid == 0 || (other.uid != 0 && other.uid != geteuid())) return;
  if (other.pid == getpid()) {
    throw std::runtime_error("Two interfaces use " + resource + ": give each its own device.");
  }
  throw std::runtime_error(device.name + ": " + resource +
                           " is in use by another culvertd (process " + std::to_string(other.pid) +
                           "): stop that one, or name another device.");
}

Claim::~Claim() {
  if (socket_ >= 0) close(socket_);
}

Claim::Claim(Claim&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

}  // namespace culvert::dp
