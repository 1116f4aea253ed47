#include "dataplane/port/wake.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>

#include <linux/if_packet.h>
#include <sys/socket.h>

namespace culvert::dp {

std::vector<int> sockets_of(int domain) {
  std::vector<int> found;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ec)) {
    const std::string name = entry.path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    int is = -1;
    socklen_t size = sizeof is;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &is, &size) == 0 && is == domain) found.push_back(fd);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<int> packet_sockets_on(unsigned interface_index) {
  std::vector<int> found = sockets_of(AF_PACKET);
  std::erase_if(found, [&](int fd) {
    sockaddr_ll bound{};
    socklen_t size = sizeof bound;
    return getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
           bound.sll_ifindex != static_cast<int>(interface_index);
  });
  return found;
}

}  // namespace culvert::dp
