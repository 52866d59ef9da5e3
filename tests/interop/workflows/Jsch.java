/** Jsch.java PORT USER PASSWORD SOURCE BACK: the work of test_workflows.py by JSch, as it comes. */
import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSch;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.file.Files;
import java.util.Arrays;

public class Jsch {
    static ChannelSftp sftp;

    static void check(boolean ok, String what) {
        if (!ok)
            throw new IllegalStateException(what);
    }

    static void put(File local, String remote) throws Exception {
        if (!local.isDirectory()) {
            sftp.put(local.getPath(), remote);
            sftp.setMtime(remote, (int) (local.lastModified() / 1000));
            return;
        }
        sftp.mkdir(remote);
        for (File entry : local.listFiles())
            put(entry, remote + "/" + entry.getName());
    }

    static void get(String remote, File local) throws Exception {
        local.mkdir();
        for (Object one : sftp.ls(remote)) {
            var entry = (ChannelSftp.LsEntry) one;
            String name = entry.getFilename();
            if (name.equals(".") || name.equals(".."))
                continue;
            if (entry.getAttrs().isDir())
                get(remote + "/" + name, new File(local, name));
            else
                sftp.get(remote + "/" + name, new File(local, name).getPath());
        }
    }

    static ByteArrayInputStream text(String text) {
        return new ByteArrayInputStream(text.getBytes());
    }

    public static void main(String[] a) {
        try {
            work(a);
            System.exit(0);
        } catch (Exception error) { /* its threads would go on */
            error.printStackTrace();
            System.exit(1);
        }
    }

    static void work(String[] a) throws Exception {
        var session = new JSch().getSession(a[1], "127.0.0.1", Integer.parseInt(a[0]));
        session.setPassword(a[2]);
        session.setConfig("StrictHostKeyChecking", "no");
        session.connect(20000);
        sftp = (ChannelSftp) session.openChannel("sftp");
        sftp.connect(20000);
        File source = new File(a[3]), larger = new File(source, "larger");
        put(source, "/there");
        get("/there", new File(a[4]));

        sftp.mkdir("/desk");
        sftp.cd("/desk");
        byte[] data = Files.readAllBytes(larger.toPath());
        sftp.put(new ByteArrayInputStream(Arrays.copyOf(data, data.length / 3)), "resumed");
        sftp.put(larger.getPath(), "resumed", ChannelSftp.RESUME);
        File part = new File(a[4], "part");
        Files.write(part.toPath(), Arrays.copyOf(data, data.length / 2));
        sftp.get("resumed", part.getPath(), null, ChannelSftp.RESUME);
        check(Arrays.equals(Files.readAllBytes(part.toPath()), data), "a get that was resumed");
        part.delete();
        sftp.put(text("one"), "appended");
        sftp.put(text(" two"), "appended", ChannelSftp.APPEND);
        sftp.put(text("plain"), "plain");
        sftp.rename("plain", "renamed");
        sftp.put(text("mode"), "mode");
        sftp.chmod(0640, "mode");
        check((sftp.stat("mode").getPermissions() & 07777) == 0640, "the mode");
        sftp.symlink("renamed", "link");
        check(sftp.readlink("link").equals("renamed") && sftp.lstat("link").isLink(), "the link");
        check(sftp.realpath("link/../renamed").startsWith("/"), "a path");
        sftp.put(text("x"), "removed");
        sftp.rm("removed");
        sftp.mkdir("folder");
        sftp.rmdir("folder");
        check(sftp.statVFS("/desk").getSize() > 0, "the size of the file system");
        check(sftp.ls("/desk/re*").size() == 2, "a pattern");
        session.disconnect();
    }
}
