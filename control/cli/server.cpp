// Accepts clients of the management socket, cuts their input into lines and sends the answers.
#include "control/cli/server.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace culvert::control {
namespace {

constexpr timeval kAcceptPause = {.tv_sec = 0, .tv_usec = 200'000};

std::string reason() {
  return std::generic_category().message(errno);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    throw std::runtime_error("The path of the management socket must be 1 to 107 bytes long: " +
                             path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Makes way for a new socket file, unless somebody uses the old one.
void remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return;
  if (!S_ISSOCK(info.st_mode)) {
    throw std::runtime_error(
        path + " exists and is not a socket: remove it or set `management socket` to another path");
  }
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const bool alive =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN || errno == EINPROGRESS;
  close(probe);
  if (alive) {
    throw std::runtime_error("Another culvertd listens on " + path +
                             ": stop it or set `management socket` to another path");
  }
  unlink(path.c_str());
}

std::string user_of(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return "unknown";
  std::vector<char> room(4096);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(peer.uid, &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return "uid " + std::to_string(peer.uid);
}

}  // namespace

struct Server::Client {
  Server* server;
  bufferevent* bev;
  std::string user;
  bool ended = false;    // it sends no more; what it sent is still answered
  bool closing = false;  // no more requests; goes when its output is gone
};

Server::Server(event_base* base, std::string path, Handler handler, const ServerLimits& limits)
    : base_(base), path_(std::move(path)), handler_(std::move(handler)), limits_(limits) {
  listen_on_path();
  listener_ = evconnlistener_new(base_, on_accept, this,
                                 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd_);
  resume_ = evtimer_new(base_, on_resume, this);
  if (listener_ == nullptr || resume_ == nullptr)
    throw std::runtime_error("No memory for the management socket");
  evconnlistener_set_error_cb(listener_, on_accept_error);
}

Server::~Server() {
  while (!clients_.empty())
    drop(*clients_.front());
  if (resume_ != nullptr) event_free(resume_);
  if (listener_ != nullptr) evconnlistener_free(listener_);
  struct stat info {};
  if (lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_)
    unlink(path_.c_str());
}

void Server::listen_on_path() {
  const sockaddr_un address = address_of(path_);
  const auto folder = std::filesystem::path(path_).parent_path();
  std::error_code ignored;
  if (!folder.empty()) std::filesystem::create_directory(folder, ignored);
  remove_stale(path_, address);
  fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) throw std::runtime_error("Cannot make the management socket: " + reason());
  // The file must never be open to others, not even between bind() and a chmod().
  const mode_t old_mask = umask(0177);
  const int bound = bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const std::string why = reason();
  umask(old_mask);
  struct stat info {};
  if (bound != 0 || listen(fd_, 16) != 0 || lstat(path_.c_str(), &info) != 0) {
    close(fd_);
    throw std::runtime_error(
        "Cannot listen on " + path_ + " (" + why +
        "): run culvertd as root, or set `management socket` to a path that it may write");
  }
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

void Server::accepted(int fd) {
  if (clients_.size() >= limits_.clients) {
    static constexpr std::string_view kFull =
        "{\"ok\":false,\"text\":\"ERROR: too many clients at the management socket\"}\n";
    // A new socket's buffer takes this line; a client that has gone already is no loss.
    const auto sent = send(fd, kFull.data(), kFull.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    static_cast<void>(sent);
    close(fd);
    return;
  }
  bufferevent* bev =
      bufferevent_socket_new(base_, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
  if (bev == nullptr) {
    close(fd);
    return;
  }
  clients_.push_back(std::make_unique<Client>(Client{this, bev, user_of(fd)}));
  bufferevent_setcb(bev, on_read, on_write, on_event, clients_.back().get());
  bufferevent_setwatermark(bev, EV_READ, 0, limits_.line + 1);
  const timeval patience = {.tv_sec = limits_.write_timeout_ms / 1000,
                            .tv_usec = limits_.write_timeout_ms % 1000 * 1000};
  bufferevent_set_timeouts(bev, nullptr, &patience);
  bufferevent_enable(bev, EV_READ | EV_WRITE);
}

// Answers whole lines for as long as the client reads the answers.
void Server::serve(Client& client) {
  evbuffer* in = bufferevent_get_input(client.bev);
  evbuffer* out = bufferevent_get_output(client.bev);
  while (!client.closing && evbuffer_get_length(out) <= limits_.output) {
    size_t length = 0;
    char* line = evbuffer_readln(in, &length, EVBUFFER_EOL_LF);
    if (line == nullptr) {
      if (evbuffer_get_length(in) <= limits_.line) {
        client.closing = client.ended;
        break;
      }
      const std::string answer =
          R"({"ok":false,"text":"ERROR: a request is at most 65536 bytes long"})"
          "\n";
      bufferevent_write(client.bev, answer.data(), answer.size());
      bufferevent_disable(client.bev, EV_READ);
      client.closing = true;
      break;
    }
    std::string_view text(line, length);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!text.empty()) {
      const std::string answer = handler_(text, client.user) + "\n";
      bufferevent_write(client.bev, answer.data(), answer.size());
    }
    std::free(line);  // NOLINT: libevent allocates it
  }
  if (client.closing && evbuffer_get_length(out) == 0) drop(client);
}

void Server::drop(Client& client) {
  bufferevent_free(client.bev);
  clients_.remove_if([&](const auto& c) { return c.get() == &client; });
}

void Server::pause_accepting() {
  evconnlistener_disable(listener_);
  evtimer_add(resume_, &kAcceptPause);
}

void Server::on_accept(evconnlistener*, int fd, sockaddr*, int, void* self) {
  static_cast<Server*>(self)->accepted(fd);
}

// Without file descriptors accept() fails at once, again and again.
void Server::on_accept_error(evconnlistener*, void* self) {
  static_cast<Server*>(self)->pause_accepting();
}

void Server::on_resume(int, short, void* self) {
  evconnlistener_enable(static_cast<Server*>(self)->listener_);
}

void Server::on_read(bufferevent*, void* client) {
  auto* c = static_cast<Client*>(client);
  c->server->serve(*c);
}

void Server::on_write(bufferevent*, void* client) {
  auto* c = static_cast<Client*>(client);
  c->server->serve(*c);
}

void Server::on_event(bufferevent*, short what, void* client) {
  auto* c = static_cast<Client*>(client);
  if ((what & BEV_EVENT_EOF) != 0) {
    // A client may shut its sending side down and wait for the answers.
    c->ended = true;
    c->server->serve(*c);
  } else if ((what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) != 0) {
    c->server->drop(*c);
  }
}

}  // namespace culvert::control
