// The management socket: a unix stream socket that only its owner can open, served on control's
// event loop.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

struct event;
struct event_base;
struct bufferevent;
struct evconnlistener;
struct sockaddr;

namespace culvert::control {

struct ServerLimits {
  size_t clients = 32;
  size_t line = 64 * 1024;         // bytes of a request
  size_t output = 256 * 1024;      // bytes unread by a client above which its next requests wait
  long write_timeout_ms = 10'000;  // a client that reads nothing for so long is dropped
};

class Server {
 public:
  // A request line and the user at the other end, to an answer line; both without the line's end.
  using Handler = std::function<std::string(std::string_view line, const std::string& user)>;

  // Throws std::runtime_error with a sentence if the socket cannot be made, above all when another
  // daemon has it. A socket file that nobody listens on is replaced; its directory is made if only
  // that is missing.
  Server(event_base* base, std::string path, Handler handler, const ServerLimits& limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] size_t clients() const noexcept { return clients_.size(); }

 private:
  struct Client;

  void listen_on_path();
  void accepted(int fd);
  void serve(Client& client);
  void drop(Client& client);
  void pause_accepting();

  static void on_accept(evconnlistener* listener, int fd, sockaddr* address, int length,
                        void* self);
  static void on_accept_error(evconnlistener* listener, void* self);
  static void on_resume(int fd, short what, void* self);
  static void on_read(bufferevent* bev, void* client);
  static void on_write(bufferevent* bev, void* client);
  static void on_event(bufferevent* bev, short what, void* client);

  event_base* base_;
  std::string path_;
  Handler handler_;
  ServerLimits limits_;
  int fd_ = -1;
  unsigned long device_ = 0, inode_ = 0;  // of the socket file, to remove no other's
  evconnlistener* listener_ = nullptr;
  event* resume_ = nullptr;
  std::list<std::unique_ptr<Client>> clients_;
};

}  // namespace culvert::control
